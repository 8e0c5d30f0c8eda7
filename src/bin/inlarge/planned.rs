//! `inlarge plan`: what orders would make of pictures, for programs.

use std::io::{self, BufRead};

use inlarge::model::manifest::shipped;
use inlarge::order::Order;
use inlarge::order::catalogue::Catalogue;
use inlarge::order::plan::{Machine, Subject, plan};
use inlarge::{Error, Result};
use serde::Deserialize;
use serde_json::{Value, json};

/// A line of the input.
#[derive(Deserialize)]
struct Asked {
    order: Value,
    subject: Subject,
    #[serde(default)]
    machine: Machine,
}

/// Reads `{"order", "subject", "machine"}`, a line each, and prints the plan or the error of each.
pub(crate) fn run() -> Result<()> {
    let catalogue = Catalogue::new(shipped::manifest()?);
    for text in io::stdin().lock().lines() {
        let text = text.map_err(|e| Error::parameter(format!("The standard input cannot be read: {e}"), "Send a line of JSON for each order"))?;
        let answer = answer(&catalogue, &text).unwrap_or_else(|error| json!({ "error": { "kind": error.kind(), "message": error.to_string() } }));
        line!("{answer}");
    }
    Ok(())
}

fn answer(catalogue: &Catalogue, text: &str) -> Result<Value> {
    let asked: Asked =
        serde_json::from_str(text).map_err(|e| Error::parameter(format!("The line cannot be read: {e}"), "Send an object with order and subject"))?;
    let planned = plan(catalogue, &Order::from_json(&asked.order.to_string())?, &asked.subject, &asked.machine)?;
    Ok(json!({ "plan": planned }))
}
