//! What a node is booted from, and reads again when it is told to: a text that a test changes.

use std::sync::{Arc, Mutex};

use mainstay::prelude::*;
use mainstay::specs::ReadError;
use mainstay::{NodeBuilder, ReadSpec};

pub(crate) type Text = Arc<Mutex<String>>;

pub(crate) fn source(text: String) -> Text {
    Arc::new(Mutex::new(text))
}

/// A node of what the text says now.
pub(crate) async fn boot_from(builder: NodeBuilder, source: &Text) -> Node {
    let again = Arc::clone(source);
    let builder = builder.source(move |builder| {
        let text = again.lock().unwrap().clone();
        let faults = |faults| ReadError::Faults {
            path: "node.ron".into(),
            source_text: text.clone(),
            faults,
        };
        let spec = NodeSpec::from_ron(&text, builder).map_err(faults)?;
        Ok(ReadSpec::new(spec, "node.ron", text))
    });
    let spec = NodeSpec::from_ron(&source.lock().unwrap(), &builder).unwrap();
    builder.boot(&spec).await.unwrap()
}
