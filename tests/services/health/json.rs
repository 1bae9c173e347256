//! Health as JSON.

use std::time::SystemTime;

use mainstay_actors::health::{
    CheckResult, Detail, HealthCheckable, HealthEndpoint, HealthResult, HealthStatus, check_fn,
};
use mainstay_supervisors::specs::NamespaceName;
use mainstay_supervisors::{NamespacePlan, Runtime};
use serde_json::Value;

use super::support::{Bed, Look, config, ms, name};

fn keys(json: &Value) -> Vec<&str> {
    let map = json.as_object().expect("an object");
    map.keys().map(String::as_str).collect()
}

fn is_time(json: &Value) -> bool {
    let text = json.as_str().expect("a text");
    text.len() == 24 && text.ends_with('Z') && text.as_bytes()[10] == b'T'
}

#[tokio::test(start_paused = true)]
async fn the_keys_are_those_of_the_design_and_a_time_is_iso_8601() {
    let bed = Bed::new().await;
    bed.add("db", &Look::finds(HealthStatus::Degraded));
    let json = HealthEndpoint::health_check_json(&bed.namespace).await;
    for key in ["status", "timestamp", "services", "overall_score"] {
        assert!(json.get(key).is_some(), "{key}");
    }
    assert_eq!(
        (&json["status"], &json["overall_score"]),
        (&"degraded".into(), &0.5.into())
    );
    assert!(is_time(&json["timestamp"]));
    let db = &json["services"]["db"];
    assert_eq!(
        (&db["status"], &db["message"], &db["importance"]),
        (
            &"degraded".into(),
            &"found degraded".into(),
            &"required".into()
        )
    );
    assert_eq!(
        keys(&db["checks"][0]),
        ["duration_ms", "message", "metadata", "name", "status"]
    );
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn an_error_has_its_keys_too() {
    let runtime = Runtime::new();
    let bare = NamespaceName::new("bare").expect("a name");
    let namespace = runtime.start_namespace(bare, NamespacePlan::new()).await;
    let json = HealthEndpoint::health_check_json(&namespace.expect("it starts")).await;
    assert_eq!(keys(&json), ["message", "status", "timestamp"]);
    assert_eq!(json["status"], "error");
    assert_eq!(
        json["message"],
        "Health check failed: the namespace `bare` has no health aggregator"
    );
    assert!(is_time(&json["timestamp"]));
    runtime.stop(ms(1000)).await;
}

#[tokio::test(start_paused = true)]
async fn everybody_is_told_how_things_are_and_nothing_of_what_is_inside() {
    let bed = Bed::new().await;
    let check = check_fn(|| async {
        let told = CheckResult::unhealthy("db at 10.0.0.7", "password hunter2 was refused");
        told.with("url", "postgres://root:hunter2@10.0.0.7/orders")
    });
    let on = config().depends_on(name("vault")).tag(name("hidden"));
    bed.health
        .register(name("db"), check, on)
        .expect("it is registered");
    let health = bed.sweep().await;
    let public = HealthEndpoint::render(&health, Detail::Public);
    let text = public.to_string();
    for secret in ["hunter2", "10.0.0.7", "vault", "hidden", "message", "bed"] {
        assert!(!text.contains(secret), "{secret} in {text}");
    }
    assert_eq!(
        keys(&public["services"]["db"]),
        ["importance", "since", "status", "timestamp"]
    );
    let full = HealthEndpoint::render(&health, Detail::Full).to_string();
    assert!(full.contains("hunter2") && full.contains("vault"));
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn whatever_is_said_comes_out_as_json_that_can_be_read() {
    let bed = Bed::new().await;
    let said = "\"quoted\" \\ </script>\u{0} \u{1f600} \n\t";
    let check = check_fn(move || async move { CheckResult::degraded(said, said).with(said, said) });
    bed.health
        .register(name("a \"b\" \\c"), check, config())
        .expect("it is registered");
    let json = HealthEndpoint::health_check_json(&bed.namespace).await;
    let read: Value = serde_json::from_str(&json.to_string()).expect("it is JSON");
    let service = &read["services"]["a \"b\" \\c"];
    assert_eq!(service["message"], said);
    assert_eq!(service["checks"][0]["metadata"][said], said);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_result_is_no_larger_than_it_may_be_whatever_is_said() {
    let bed = Bed::with(super::support::plain().text_max(64).parts_max(3)).await;
    let long = "x".repeat(1 << 20);
    let check = check_fn(move || {
        let long = long.clone();
        async move { CheckResult::degraded("db", long.clone()).with("all", long) }
    });
    bed.health
        .register(name("db"), check, config())
        .expect("it is registered");
    let json = HealthEndpoint::health_check_json(&bed.namespace)
        .await
        .to_string();
    assert!(json.len() < 2000, "{} bytes", json.len());
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn ten_thousand_services_are_told_of_in_so_many_bytes_and_read_back_whole() {
    let bed = Bed::with(super::support::plain().checks_max(10_000)).await;
    let look = Look::healthy();
    for nth in 0..10_000 {
        bed.add(&format!("s{nth:04}"), &look);
    }
    let health = bed.sweep().await;
    assert_eq!(
        (health.healthy_services, health.total_services),
        (10_000, 10_000)
    );
    let public = HealthEndpoint::render(&health, Detail::Public).to_string();
    assert!(public.len() < 10_000 * 160, "{} bytes", public.len());
    let text = serde_json::to_string(&*health).expect("it can be JSON");
    let read: mainstay_actors::health::SystemHealth =
        serde_json::from_str(&text).expect("it can be read");
    assert_eq!(read.services.len(), 10_000);
    bed.end().await;
}

#[tokio::test(start_paused = true)]
async fn a_time_that_cannot_be_told_spoils_the_answer_of_nobody() {
    let bed = Bed::new().await;
    bed.add("good", &Look::healthy());
    bed.health
        .register(name("odd"), Odd, config())
        .expect("it is registered");
    let json = HealthEndpoint::health_check_json(&bed.namespace).await;
    assert_eq!(json["status"], "healthy");
    assert!(is_time(&json["services"]["odd"]["timestamp"]));
    bed.end().await;
}

/// Says that it was looked at before there was anybody to look.
struct Odd;

impl HealthCheckable for Odd {
    async fn self_diagnostic(&self) -> CheckResult {
        CheckResult::healthy("odd", "fine")
    }

    async fn deep_health_check(&self) -> HealthResult {
        let long_ago = SystemTime::UNIX_EPOCH - ms(1);
        HealthResult::at(vec![self.self_diagnostic().await], long_ago, ms(1))
    }
}
