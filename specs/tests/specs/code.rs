//! The same specs, built in code.

use std::net::SocketAddr;
use std::time::Duration;

use mainstay_specs::{
    Args, AutoShutdown, Backoff, ChildSpec, ChildType, ConfigServerSpec, HttpSpec, NamespaceName,
    NamespaceSpec, NodeChild, NodeSpec, Restart, RestartLimit, ServicesSpec, Shutdown, Strategy,
    SupervisorFlags, validate_children,
};

use crate::support::{child, id, kinds};

fn namespace() -> NamespaceSpec {
    NamespaceSpec::new(NamespaceName::new("n").expect("a name"))
}

fn told(node: &NodeSpec) -> String {
    node.validate(&kinds())
        .map_or_else(|faults| faults.to_string(), |()| String::new())
}

#[test]
fn a_spec_built_in_code_equals_the_one_from_its_file() {
    let text = r#"(
        namespaces: [(
            name: "n",
            supervisor: (intensity: 3, period: "10s", auto_shutdown: any_significant),
            root_limit: (intensity: 2, period: "1min"),
            services: (config_server: (initial: {"a": 1}, file: "config.ron", bytes_max: 10)),
            children: [
                (id: "db", kind: "db", restart: transient, significant: true),
                (id: "pool", supervisor: (strategy: one_for_all), depends_on: ["db"], children: [
                    (id: "t", kind: "ticker", args: (every: "1s"), shutdown: timeout("1s"),
                     backoff: (min: "1s", max: "2s", factor: 3.0, jitter: 0.0, reset_after: "5s")),
                ]),
            ],
        )],
        http: (bind: "0.0.0.0:80", token: "secret"),
        shutdown_deadline: "5s",
    )"#;
    let backoff = Backoff::new(Duration::from_secs(1), Duration::from_secs(2))
        .factor(3.0)
        .jitter(0.0)
        .reset_after(Duration::from_secs(5));
    let ticker = child("t")
        .shutdown(Shutdown::Timeout(Duration::from_secs(1)))
        .backoff(backoff);
    let ticker =
        NodeChild::worker(ticker, "ticker").args(Args::from_ron("(every: \"1s\")").unwrap());
    let server = ConfigServerSpec::default()
        .initial(Args::from_ron("{\"a\": 1}").unwrap())
        .file("config.ron")
        .bytes_max(10);
    let namespace = namespace()
        .supervisor(
            SupervisorFlags::default()
                .intensity(3, Duration::from_secs(10))
                .auto_shutdown(AutoShutdown::AnySignificant),
        )
        .root_limit(RestartLimit::new(2, Duration::from_secs(60)))
        .services(ServicesSpec::default().config_server(server))
        .child(NodeChild::worker(
            child("db").restart(Restart::Transient).significant(),
            "db",
        ))
        .child(NodeChild::supervisor(
            child("pool").depends_on([id("db")]),
            SupervisorFlags::new(Strategy::OneForAll),
            [ticker],
        ));
    let bind: SocketAddr = "0.0.0.0:80".parse().unwrap();
    let built = NodeSpec::new()
        .namespace(namespace)
        .http(HttpSpec::new(bind).token("secret"))
        .shutdown_deadline(Duration::from_secs(5));
    assert_eq!(NodeSpec::from_ron(text, &kinds()), Ok(built));
}

#[test]
fn faults_of_a_spec_from_code_have_paths_and_no_positions() {
    let twice = [
        NodeChild::worker(child("a"), "db"),
        NodeChild::worker(child("a").depends_on([id("b")]), "tikcer"),
        NodeChild::worker(child("t"), "ticker").args(Args::from_ron("(every: 1)").unwrap()),
    ];
    let node = NodeSpec::new()
        .namespace(namespace().children(twice))
        .namespace(namespace())
        .http(HttpSpec::new("1.2.3.4:80".parse().unwrap()))
        .shutdown_deadline(Duration::ZERO);
    assert_eq!(
        told(&node),
        "namespaces[1].name: duplicate namespace name \"n\", first given at namespaces[0].name\n\
         namespaces[0].children[1].id: duplicate child id \"a\", first given at namespaces[0].children[0].id\n\
         namespaces[0].children[1].depends_on[0]: no sibling has the id \"b\"\n\
         namespaces[0].children[1].kind: unknown kind `tikcer`, did you mean `ticker`?\n\
         namespaces[0].children[2].args.every: expected a text in quotes, found 1\n\
         http.bind: expected a token beside an address others can reach, found 1.2.3.4:80 alone\n\
         shutdown_deadline: expected a deadline longer than zero",
    );
    let faults = node.validate(&kinds()).unwrap_err();
    assert!(faults.iter().all(|fault| fault.position.is_none()));
}

#[test]
fn supervisors_check_their_children_with_the_same_rules() {
    let never_zero = SupervisorFlags::default().intensity(1, Duration::ZERO);
    let children = [
        child("a").depends_on([id("b"), id("c")]),
        child("b").depends_on([id("a")]).significant(),
    ];
    let refs: Vec<&ChildSpec> = children.iter().collect();
    let faults = validate_children(&never_zero, &refs).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "supervisor.period: expected a period longer than zero\n\
         children[0].depends_on[1]: no sibling has the id \"c\"\n\
         children[1].significant: expected a transient or temporary child to be significant, found a permanent one\n\
         children[1].significant: expected no significant child, as the supervisor's auto_shutdown is never\n\
         children[0].depends_on: dependency cycle: a → b → a",
    );
    assert_eq!(validate_children(&SupervisorFlags::default(), &[]), Ok(()));
}

#[test]
fn a_root_that_counts_its_restarts_over_no_time_is_refused() {
    let never_zero = RestartLimit::new(3, Duration::ZERO);
    let node = NodeSpec::default().namespace(namespace().root_limit(never_zero));
    assert_eq!(
        told(&node),
        "namespaces[0].root_limit.period: expected a period longer than zero"
    );
}

#[test]
fn a_tree_that_is_too_deep_is_refused_without_going_down_it() {
    let mut tree = NodeChild::worker(child("leaf"), "db");
    for _ in 0..500 {
        tree = NodeChild::supervisor(child("s"), SupervisorFlags::default(), [tree]);
    }
    let node = NodeSpec::new().namespace(namespace().child(tree));
    assert!(told(&node).ends_with("expected at most 64 supervisors inside each other"));
    assert_eq!(told(&node).lines().count(), 1);
}

#[test]
fn too_many_children_are_refused() {
    let spec = child("a");
    let many = vec![&spec; 1_000_001];
    let faults = validate_children(&SupervisorFlags::default(), &many).unwrap_err();
    assert_eq!(
        faults.to_string(),
        "children: expected at most 1000000 children, found 1000001",
    );
}

#[test]
fn a_supervisor_built_in_code_is_of_that_type() {
    let pool = NodeChild::supervisor(child("p"), SupervisorFlags::default(), []);
    assert_eq!(pool.spec.child_type, ChildType::Supervisor);
    assert_eq!(pool.spec.effective_shutdown(), Shutdown::Infinity);
}

#[test]
fn the_token_is_not_shown_by_debug() {
    let http = HttpSpec::default().token("hunter2");
    assert!(!format!("{http:?}").contains("hunter2"));
}
