//! What may stand in the brackets of `#[mainstay::test(…)]`.

use std::num::NonZeroUsize;
use std::time::Duration;

use proc_macro2::{Span, TokenStream};
use quote::quote;
use syn::ext::IdentExt;
use syn::parse::{Parse, ParseStream};
use syn::punctuated::Punctuated;
use syn::spanned::Spanned;
use syn::{Error, Expr, ExprLit, Ident, Lit, Path, Result, Token};

/// All options, as they are written.
const NAMES: &str = "`flavor`, `worker_threads`, `start_paused`, `services`, `timeout`, `virtual_timeout`, `seed`, `detect_leaks`, `log`, `environment` or `crate`";

/// The services a namespace can have, by the names they have in node files, and how `mainstay::testkit::Service` calls them.
const SERVICES: &[(&str, &str)] = &[
    ("telemetry", "Telemetry"),
    ("config_server", "ConfigServer"),
    ("memory_manager", "MemoryManager"),
];

/// `name = value`.
struct Setting {
    name: Ident,
    value: Expr,
}

impl Parse for Setting {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let name = input.call(Ident::parse_any)?;
        if !input.peek(Token![=]) {
            let text = format!("expected `{name} = …`: every option has a value");
            return Err(Error::new(name.span(), text));
        }
        input.parse::<Token![=]>()?;
        let value = input.parse()?;
        Ok(Self { name, value })
    }
}

/// A value and where it is written.
struct At<T>(T, Span);

#[derive(Default)]
pub(super) struct Options {
    multi_thread: Option<At<bool>>,
    worker_threads: Option<At<NonZeroUsize>>,
    start_paused: Option<At<bool>>,
    services: Option<At<Vec<Ident>>>,
    timeout: Option<At<Duration>>,
    virtual_timeout: Option<At<Duration>>,
    seed: Option<At<u64>>,
    detect_leaks: Option<At<bool>>,
    log: Option<At<String>>,
    environment: Option<At<bool>>,
    krate: Option<At<Path>>,
}

impl Parse for Options {
    fn parse(input: ParseStream<'_>) -> Result<Self> {
        let settings = Punctuated::<Setting, Token![,]>::parse_terminated(input)?;
        let mut options = Self::default();
        let mut faults: Option<Error> = None;
        for setting in settings {
            if let Err(fault) = options.set(&setting) {
                note(&mut faults, fault);
            }
        }
        if let Err(fault) = options.agree() {
            note(&mut faults, fault);
        }
        faults.map_or(Ok(options), Err)
    }
}

/// All faults are told at once.
fn note(faults: &mut Option<Error>, fault: Error) {
    match faults {
        Some(faults) => faults.combine(fault),
        None => *faults = Some(fault),
    }
}

impl Options {
    fn set(&mut self, Setting { name, value }: &Setting) -> Result<()> {
        match name.to_string().as_str() {
            "flavor" => once(&mut self.multi_thread, name, is_multi_thread(value)?),
            "worker_threads" => once(&mut self.worker_threads, name, threads(value)?),
            "start_paused" => once(&mut self.start_paused, name, truth(name, value)?),
            "services" => once(&mut self.services, name, services(value)?),
            "timeout" => once(&mut self.timeout, name, duration(value)?),
            "virtual_timeout" => once(&mut self.virtual_timeout, name, duration(value)?),
            "seed" => once(&mut self.seed, name, number(value)?),
            "detect_leaks" => once(&mut self.detect_leaks, name, truth(name, value)?),
            "environment" => once(&mut self.environment, name, truth(name, value)?),
            "log" => once(
                &mut self.log,
                name,
                text(value, "a filter of the log such as \"debug\"")?,
            ),
            "crate" => once(&mut self.krate, name, path(value)?),
            unknown => {
                let text = format!("unknown option `{unknown}`, expected {NAMES}");
                Err(Error::new(name.span(), text))
            }
        }
    }

    /// Options that exclude each other.
    fn agree(&self) -> Result<()> {
        let multi_thread = matches!(self.multi_thread, Some(At(true, _)));
        if let Some(At(true, place)) = self.start_paused
            && multi_thread
        {
            let text = "`start_paused` needs the flavor \"current_thread\": time that stands still has one thread to wait for";
            return Err(Error::new(place, text));
        }
        if let Some(At(_, place)) = self.virtual_timeout
            && !matches!(self.start_paused, Some(At(true, _)))
        {
            let text = "`virtual_timeout` needs `start_paused = true`: otherwise time is real, and `timeout` limits it";
            return Err(Error::new(place, text));
        }
        if let Some(At(_, place)) = self.worker_threads
            && !multi_thread
        {
            let text = "`worker_threads` needs `flavor = \"multi_thread\"`";
            return Err(Error::new(place, text));
        }
        Ok(())
    }

    /// Where `mainstay` is found.
    pub(super) fn krate(&self) -> TokenStream {
        match &self.krate {
            Some(At(path, _)) => quote!(#path),
            None => quote!(::mainstay),
        }
    }

    /// The calls of `TestOptions`' setters.
    pub(super) fn written(&self) -> TokenStream {
        let krate = self.krate();
        let mut calls = TokenStream::new();
        if let Some(At(true, _)) = self.multi_thread {
            calls.extend(match &self.worker_threads {
                Some(At(threads, _)) => {
                    let more = threads.get() - 1;
                    quote!(.worker_threads(::core::num::NonZeroUsize::MIN.saturating_add(#more)))
                }
                None => quote!(.multi_thread()),
            });
        }
        if let Some(At(paused, _)) = self.start_paused {
            calls.extend(quote!(.start_paused(#paused)));
        }
        if let Some(At(services, _)) = &self.services {
            calls.extend(quote!(.services([#(#krate::testkit::Service::#services),*])));
        }
        if let Some(At(timeout, _)) = self.timeout {
            let timeout = written(timeout);
            calls.extend(quote!(.timeout(#timeout)));
        }
        if let Some(At(timeout, _)) = self.virtual_timeout {
            let timeout = written(timeout);
            calls.extend(quote!(.virtual_timeout(#timeout)));
        }
        if let Some(At(seed, _)) = self.seed {
            calls.extend(quote!(.seed(#seed)));
        }
        if let Some(At(detect, _)) = self.detect_leaks {
            calls.extend(quote!(.detect_leaks(#detect)));
        }
        if let Some(At(log, _)) = &self.log {
            calls.extend(quote!(.log(#log)));
        }
        if let Some(At(environment, _)) = self.environment {
            calls.extend(quote!(.environment(#environment)));
        }
        calls
    }
}

fn written(duration: Duration) -> TokenStream {
    let (secs, nanos) = (duration.as_secs(), duration.subsec_nanos());
    quote!(::core::time::Duration::new(#secs, #nanos))
}

fn once<T>(slot: &mut Option<At<T>>, name: &Ident, value: At<T>) -> Result<()> {
    if slot.is_some() {
        let text = format!("`{name}` is given twice");
        return Err(Error::new(name.span(), text));
    }
    *slot = Some(value);
    Ok(())
}

fn wrong<T>(value: &Expr, expected: &str) -> Result<T> {
    Err(Error::new(value.span(), format!("expected {expected}")))
}

const fn literal(value: &Expr) -> Option<&Lit> {
    match value {
        Expr::Lit(ExprLit { lit, .. }) => Some(lit),
        _ => None,
    }
}

fn text(value: &Expr, expected: &str) -> Result<At<String>> {
    match literal(value) {
        Some(Lit::Str(text)) if !text.value().is_empty() => Ok(At(text.value(), text.span())),
        _ => wrong(value, expected),
    }
}

fn truth(name: &Ident, value: &Expr) -> Result<At<bool>> {
    match literal(value) {
        Some(Lit::Bool(truth)) => Ok(At(truth.value, name.span())),
        _ => wrong(value, "`true` or `false`"),
    }
}

fn is_multi_thread(value: &Expr) -> Result<At<bool>> {
    let expected = "\"current_thread\" or \"multi_thread\"";
    let At(flavor, place) = text(value, expected)?;
    match flavor.as_str() {
        "current_thread" => Ok(At(false, place)),
        "multi_thread" => Ok(At(true, place)),
        _ => wrong(value, expected),
    }
}

fn threads(value: &Expr) -> Result<At<NonZeroUsize>> {
    if let Some(Lit::Int(number)) = literal(value)
        && let Ok(threads) = number.base10_parse()
    {
        return Ok(At(threads, number.span()));
    }
    wrong(value, "how many threads, at least 1")
}

fn number(value: &Expr) -> Result<At<u64>> {
    if let Some(Lit::Int(number)) = literal(value)
        && let Ok(value) = number.base10_parse()
    {
        return Ok(At(value, number.span()));
    }
    wrong(value, "a number from 0 to 2^64 - 1")
}

fn duration(value: &Expr) -> Result<At<Duration>> {
    let limit = match literal(value) {
        Some(Lit::Str(text)) => humantime::parse_duration(&text.value()).ok(),
        Some(Lit::Int(secs)) => secs.base10_parse().ok().map(Duration::from_secs),
        _ => None,
    };
    match limit {
        Some(limit) if !limit.is_zero() => Ok(At(limit, value.span())),
        _ => wrong(
            value,
            "a duration such as \"250ms\" or \"1m 30s\", or a number of seconds that is not computed, but not 0",
        ),
    }
}

fn services(value: &Expr) -> Result<At<Vec<Ident>>> {
    let Expr::Array(list) = value else {
        return wrong(value, "a list of services such as `[config_server]`");
    };
    let services: Result<Vec<Ident>> = list.elems.iter().map(service).collect();
    Ok(At(services?, list.span()))
}

fn service(value: &Expr) -> Result<Ident> {
    if let Expr::Path(path) = value
        && let Some((_, variant)) = SERVICES.iter().find(|(name, _)| path.path.is_ident(name))
    {
        return Ok(Ident::new(variant, value.span()));
    }
    let known: Vec<String> = SERVICES
        .iter()
        .map(|(name, _)| format!("`{name}`"))
        .collect();
    wrong(
        value,
        &format!("the name of a service: {}", known.join(", ")),
    )
}

fn path(value: &Expr) -> Result<At<Path>> {
    let expected = "the path of the crate as a text, such as \"my_crate::mainstay\"";
    match literal(value) {
        Some(Lit::Str(path)) => match path.parse() {
            Ok(parsed) => Ok(At(parsed, path.span())),
            Err(_) => wrong(value, expected),
        },
        _ => wrong(value, expected),
    }
}
