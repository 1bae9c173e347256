use super::*;

fn path(text: &str) -> ConfigPath {
    text.parse().expect("a path")
}

fn put<T: Send + Sync + 'static>(cache: &Cache, at: &str, version: u64, value: T) {
    let fresh = |_: &ConfigPath, _| false;
    cache.put(&path(at), version, (Arc::new(value), 10), 2, fresh);
}

fn get<T: Copy + Send + Sync + 'static>(cache: &Cache, at: &str, version: u64) -> Option<T> {
    cache.get::<T>(&path(at), version).map(|value| *value)
}

#[test]
fn a_value_is_had_again_as_long_as_what_it_comes_from_is_the_same() {
    let cache = Cache::default();
    put(&cache, "pool.size", 3, 10_u32);
    assert_eq!(get(&cache, "pool.size", 3), Some(10_u32));
    assert_eq!(get::<u32>(&cache, "pool.size", 4), None);
    assert_eq!(get::<u64>(&cache, "pool.size", 3), None);
    assert_eq!(get::<u32>(&cache, "pool", 3), None);
}

#[test]
fn a_value_of_an_older_version_does_not_replace_a_newer_one() {
    let cache = Cache::default();
    put(&cache, "a", 4, 40_u32);
    put(&cache, "a", 3, 30_u32);
    assert_eq!(get(&cache, "a", 4), Some(40_u32));
    put(&cache, "a", 5, 50_u32);
    assert_eq!((get(&cache, "a", 5), cache.len()), (Some(50_u32), 1));
}

#[test]
fn one_path_may_be_decoded_to_several_types() {
    let cache = Cache::default();
    put(&cache, "a", 1, 1_u32);
    put(&cache, "a", 1, 1_u64);
    assert_eq!(
        (get(&cache, "a", 1), get(&cache, "a", 1)),
        (Some(1_u32), Some(1_u64))
    );
}

#[test]
fn there_are_never_more_than_there_may_be_and_what_is_stale_makes_room() {
    let cache = Cache::default();
    for at in ["a", "b", "c"] {
        put(&cache, at, 1, 1_u32);
    }
    assert_eq!((cache.len(), get::<u32>(&cache, "c", 1)), (2, None));
    let is_stale = |at: &ConfigPath, _| *at == path("a");
    cache.put(&path("c"), 1, (Arc::new(3_u32), 10), 2, is_stale);
    assert_eq!((cache.len(), get(&cache, "c", 1)), (2, Some(3_u32)));
    assert_eq!(get::<u32>(&cache, "a", 1), None);
    cache.put(&path("d"), 1, (Arc::new(4_u32), 10), 0, |_, _| true);
    assert_eq!(get::<u32>(&cache, "d", 1), None);
}

#[test]
fn all_or_only_what_nobody_has_asked_for_is_let_go() {
    let cache = Cache::default();
    put(&cache, "a", 1, 1_u32);
    put(&cache, "b", 1, 2_u32);
    let fresh = |_: &ConfigPath, _| false;
    assert_eq!(cache.clear_idle(fresh), CacheCleared::default());
    assert_eq!(get(&cache, "b", 1), Some(2_u32));
    let one = CacheCleared {
        entries: 1,
        bytes: 10,
    };
    assert_eq!(cache.clear_idle(fresh), one);
    assert_eq!(
        (get::<u32>(&cache, "a", 1), get(&cache, "b", 1)),
        (None, Some(2_u32))
    );
    assert_eq!(cache.clear(), one);
    assert_eq!((cache.len(), cache.clear()), (0, CacheCleared::default()));
}

#[test]
fn what_is_stale_is_let_go_although_it_was_asked_for() {
    let cache = Cache::default();
    put(&cache, "a", 1, 1_u32);
    assert_eq!(cache.clear_idle(|_, version| version == 1).entries, 1);
}
