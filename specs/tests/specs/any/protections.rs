//! Protected operations.

use std::time::Duration;

use mainstay_specs::{
    MemoryDemand, OperationClass, OperationPriority, ProtectionConfig, ProtectionsSpec, RateDemand,
    ServiceName,
};
use proptest::option;
use proptest::prelude::*;
use proptest::sample::select;

fn service(text: &str) -> ServiceName {
    ServiceName::new(text).expect("a name")
}

fn memory() -> impl Strategy<Value = MemoryDemand> {
    let class = select(OperationClass::ALL.to_vec());
    let priority = select(vec![
        OperationPriority::Normal,
        OperationPriority::default(),
    ]);
    (class, any::<u64>(), priority).prop_map(|(class, bytes, priority)| {
        MemoryDemand::new(class).bytes(bytes).priority(priority)
    })
}

fn config() -> impl Strategy<Value = ProtectionConfig> {
    (
        option::of(1_u64..86_400_000),
        any::<bool>(),
        option::of(memory()),
        option::of(1_u32..),
        any::<bool>(),
    )
        .prop_map(|(deadline, circuit, memory, cost, pool)| {
            let mut config = ProtectionConfig::default();
            config.deadline = deadline.map(Duration::from_millis);
            config.circuit = circuit.then(|| service("db"));
            config.memory = memory;
            config.rate_limit = cost.map(|cost| RateDemand::new(service("api")).cost(cost));
            config.pool = pool.then(|| service("db"));
            config
        })
}

pub(super) fn protections() -> impl Strategy<Value = ProtectionsSpec> {
    (prop::collection::vec(config(), 0..4), 4_u32..).prop_map(|(configs, max)| {
        let spec = ProtectionsSpec::default().operations_max(max);
        let named = configs.into_iter().enumerate();
        named.fold(spec, |spec, (nth, config)| {
            spec.operation(service(&format!("operation {nth}")), config)
        })
    })
}
