//! Two shops in one program, each with the same actors under the same names, of which neither knows the other: plain ractor actors that hold nothing of
//! ours, reached by name across their restarts.
//!
//! ```text
//! cargo run --example own_actors
//! ```
//!
//! ```text
//!  north ── stock, till      the till calls the stock through a ServiceRef: by name, whichever incarnation has it
//!  south ── stock, till
//! ```

use std::time::Duration;

use mainstay::prelude::*;

type Outcome<T> = Result<T, Box<dyn std::error::Error>>;
type Handled<T = ()> = Result<T, ActorProcessingErr>;

/// Time enough for an answer.
const SOON: Duration = Duration::from_secs(1);

/// Counts cups. What it has counted goes with it when it crashes, and it begins with what it is given again.
struct Stock;

enum OfStock {
    Take(RpcReplyPort<Option<u32>>),
    /// Something that it is not made for.
    Drop,
}

impl Actor for Stock {
    type Msg = OfStock;
    type State = u32;
    type Arguments = u32;

    async fn pre_start(&self, _: ActorRef<OfStock>, cups: u32) -> Handled<u32> {
        Ok(cups)
    }

    async fn handle(&self, _: ActorRef<OfStock>, message: OfStock, cups: &mut u32) -> Handled {
        let OfStock::Take(reply) = message else {
            return Err("broken".into());
        };
        let left = cups.checked_sub(1);
        *cups = left.unwrap_or(0);
        Ok(reply.send(left)?)
    }
}

/// Sells what the stock of its own namespace has.
struct Till(ServiceRef<OfStock>);

struct Sell(RpcReplyPort<String>);

impl Actor for Till {
    type Msg = Sell;
    type State = ();
    type Arguments = ();

    async fn pre_start(&self, _: ActorRef<Sell>, (): ()) -> Handled {
        Ok(())
    }

    async fn handle(&self, _: ActorRef<Sell>, Sell(reply): Sell, (): &mut ()) -> Handled {
        let told = match self.0.call(OfStock::Take, SOON).await {
            Ok(Some(left)) => format!("sold, {left} left"),
            Ok(None) => "sold out".to_owned(),
            Err(error) => format!("not sold: {error}"),
        };
        Ok(reply.send(told)?)
    }
}

/// A namespace with a stock and a till: what the till needs comes first, and takes the till with it when it is restarted.
async fn open(runtime: &Runtime, name: &str, cups: u32) -> Outcome<Namespace> {
    let shop = runtime.namespace(name).await?;
    let stock = shop.service::<OfStock>("stock".parse()?);
    let till = move || (Till(stock.clone()), ());
    let both = Supervisor::rest_for_one()
        .child(Child::actor("stock", move || (Stock, cups)).name("stock".parse()?))
        .child(Child::actor("till", till).name("till".parse()?));
    shop.start_child(Child::supervisor("counter", both)).await?;
    Ok(shop)
}

async fn sell(shop: &Namespace) -> Outcome<()> {
    let till = shop.service::<Sell>("till".parse()?);
    println!("{}: {}", shop.name(), till.call(Sell, SOON).await?);
    Ok(())
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Outcome<()> {
    let runtime = Runtime::new();
    let north = open(&runtime, "north", 2).await?;
    let south = open(&runtime, "south", 12).await?;
    sell(&north).await?;
    sell(&south).await?;

    // The stock in the north crashes, and the till there is restarted with it. The south does not notice.
    let (stock, till) = (north.whereis("stock"), north.whereis("till"));
    let (stock, till) = stock.zip(till).ok_or("both are there")?;
    let in_the_south = south.whereis("till");
    let crash = north.service::<OfStock>("stock".parse()?);
    crash.cast(OfStock::Drop)?;
    println!("north: the stock has ended, {}", stock.ended().await);
    println!("north: the till has ended, {}", till.ended().await);
    let back = north.wait_for(&"till".parse()?, SOON).await;
    back.ok_or("it comes back")?;
    assert_eq!(south.whereis("till"), in_the_south);
    for shop in [&north, &north, &north, &south] {
        sell(shop).await?;
    }

    let report = runtime.stop(Duration::from_secs(5)).await;
    println!("stopped, {} killed", report.killed.len());
    Ok(())
}
