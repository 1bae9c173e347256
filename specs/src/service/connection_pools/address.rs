//! Whether the address of a server, or the path of a file, can be one.

pub(super) fn wrong_path(path: &str) -> Option<String> {
    if path.is_empty() {
        return Some("expected the path of a file, found an empty text".to_owned());
    }
    let odd = path.starts_with("file:") || path.contains('\0');
    odd.then(|| {
        let found = path.chars().take(64).collect::<String>();
        format!("expected the path of a file, or `:memory:`, found {found:?}")
    })
}

/// What is wrong with an address. Never repeats what may be a password.
pub(in crate::service) fn wrong_url(url: &str, hosts: &[&str], sockets: &[&str]) -> Option<String> {
    let scheme = hosts.first().copied().unwrap_or_default();
    let socket = if sockets.is_empty() {
        String::new()
    } else {
        " or unix:///path".to_owned()
    };
    let expected = format!("expected {scheme}://host[:port][/database]{socket}");
    let Some((found, rest)) = url.split_once("://") else {
        return Some(expected);
    };
    if sockets.contains(&found) {
        let path = rest.starts_with('/') && rest.len() > 1;
        return (!path).then(|| "expected the path of a socket that begins with /".to_owned());
    }
    if !hosts.contains(&found) {
        let found = found.chars().take(16).collect::<String>();
        return Some(format!("{expected}, found {found:?}"));
    }
    wrong_address(rest, scheme)
}

fn wrong_address(rest: &str, scheme: &str) -> Option<String> {
    let (rest, options) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = rest.split('/').next().unwrap_or(rest);
    let address = authority.rsplit_once('@');
    let address = address.map_or(authority, |(_, address)| address);
    let (host, port) = match address.rsplit_once(':') {
        // The colons of an address of IPv6 are in brackets.
        Some((host, port)) if !port.contains(']') => (host, Some(port)),
        _ => (address, None),
    };
    // As libpq has it, the folder of a socket is rather an option than a host, which has no `/`.
    let names_host = |option: &str| {
        option
            .strip_prefix("host=")
            .is_some_and(|at| !at.is_empty())
    };
    if host.is_empty() && scheme == "postgres" && options.split('&').any(names_host) {
        return None;
    }
    if host.is_empty() || host.contains(char::is_whitespace) {
        return Some(format!("expected a host after {scheme}://"));
    }
    port.filter(|port| port.parse::<u16>().map_or(true, |port| port == 0))?;
    // Not what was found: it is a part of the password if that has a `/` or a `?` in it.
    let mend = "in a password `/` is written %2F, `?` %3F, `#` %23 and `@` %40";
    Some(format!(
        "expected a port from 1 to 65535 after the host; {mend}"
    ))
}
