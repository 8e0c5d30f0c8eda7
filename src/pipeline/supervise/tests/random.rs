//! Faults at random, and the rules that hold whatever happens.

use super::desk::{Fake, bad, fails, worker_of, works};
use super::{Desk, Mutation};
use crate::backend::BackendKind;
use crate::backend::select::Preference;
use crate::error::Error;
use crate::pipeline::supervise::{Command, Event};

/// Schedules that are run.
const RUNS: u64 = 20_000;
/// Commands and events after which a run hangs.
const PATIENCE: usize = 3000;

/// xorshift64 (Marsaglia 2003).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 >> 32) as usize % most
    }

    fn percent(&mut self, share: usize) -> bool {
        self.below(100) < share
    }
}

/// What a run has seen, to show that the schedules reach everything.
#[derive(Debug, Default)]
struct Seen {
    done: usize,
    failed: usize,
    stopped: usize,
    failovers: usize,
    revivals: usize,
    agreed: usize,
    deaths: usize,
}

/// One run with the faults that `seed` gives; what is wrong is an error.
fn one(seed: u64, mutation: Mutation, seen: &mut Seen) -> Result<(), String> {
    let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1);
    for _ in 0..4 {
        dice.below(2);
    }
    let preference = if dice.percent(80) { Preference::Auto } else { Preference::Only(BackendKind::Simd) };
    let mut fake = if dice.percent(5) { Fake::rows(1 + dice.below(4)) } else { Fake::new(1 + dice.below(2), 1 + dice.below(12)) };
    fake.mutation = mutation;
    let faults = [0, 3, 15, 40][dice.below(4)];
    let deaths = [0, 2, 10][dice.below(3)];
    let stops = usize::from(dice.percent(15));
    let mut desk = Desk::new(preference, fake, 1 + dice.below(4));
    let mut was_stopped = false;
    for step in 0.. {
        if step > PATIENCE {
            return Err("it does not end".into());
        }
        desk.ask()?;
        if desk.end.is_some() {
            break;
        }
        if dice.percent(stops) {
            was_stopped = true;
            desk.tell(Event::Stop(Error::Cancelled));
            continue;
        }
        let command = desk.open.swap_remove(dice.below(desk.open.len()));
        if let Some(worker) = worker_of(&command).filter(|_| !matches!(command, Command::Open { .. })).filter(|_| dice.percent(deaths)) {
            seen.deaths += 1;
            desk.kill(worker);
            continue;
        }
        if desk.gone.contains(&worker_of(&command).unwrap_or(usize::MAX)) {
            continue;
        }
        let lost = Error::device("The device was lost", "");
        let event = match &command {
            Command::Run { worker, tile, .. } if dice.percent(faults) => match dice.below(4) {
                0 => Event::Lost { worker: *worker, error: lost },
                1 => fails(&command, lost),
                kind => Event::Ran { worker: *worker, tile: tile.index, output: bad(kind as f32) },
            },
            Command::Plan(_) => Event::Planned,
            _ if dice.percent(faults) => fails(&command, if dice.percent(50) { lost } else { Error::limits("Too large", "") }),
            _ => works(&command),
        };
        desk.tell(event);
    }
    ended(&mut desk, was_stopped, mutation, &mut dice)?;
    let job = desk.job();
    seen.agreed += usize::from(job.warnings.iter().any(|text| text == "two engines agree"));
    seen.revivals += usize::from(job.warnings.iter().any(|text| text.starts_with("Every compute worker")));
    seen.failovers += job.engines.len().saturating_sub(1);
    match &desk.end {
        Some(Command::Done) => seen.done += 1,
        _ if was_stopped => seen.stopped += 1,
        _ => seen.failed += 1,
    }
    Ok(())
}

/// The rules at the end.
fn ended(desk: &mut Desk, was_stopped: bool, mutation: Mutation, dice: &mut Dice) -> Result<(), String> {
    let job = desk.job();
    match &desk.end {
        Some(Command::Done) => {
            if let Some(tile) = job.done.iter().position(|count| *count != 1) {
                return Err(format!("done, and tile {tile} was taken {} times", job.done[tile]));
            }
        }
        Some(Command::Fail(Error::Cancelled)) if was_stopped => {}
        Some(Command::Fail(Error::Device(fault) | Error::Limits(fault))) if !fault.what.contains("no tile of it is left") => {}
        other => return Err(format!("it ended with {other:?}")),
    }
    for pair in job.engines.windows(2) {
        let [from, to] = [&pair[0], &pair[1]].map(|name| format!("\"{name}\""));
        if !job.warnings.iter().any(|text| text.starts_with(&format!("The engine {from} failed after")) && text.contains(&to)) {
            return Err(format!("no warning says that {to} went on for {from}: {:?}", job.warnings));
        }
    }
    let opened: Vec<_> =
        desk.asked.iter().filter_map(|command| if let Command::Open { engine, .. } = command { Some(engine) } else { None }).collect();
    if (1..opened.len()).any(|at| opened[..at].contains(&opened[at])) {
        return Err(format!("an engine is opened twice: {opened:?}"));
    }
    // What comes late changes nothing.
    let late: Vec<Command> = desk.open.drain(..).collect();
    for command in late {
        let event = if dice.percent(50) { works(&command) } else { fails(&command, Error::device("Late", "")) };
        // A driver plans nothing any more.
        if !matches!(event, Event::Planned) {
            desk.tell(event);
        }
        desk.ask()?;
    }
    if mutation == Mutation::GoesOnAfterTheEnd {
        desk.end = Some(Command::Wait);
    }
    desk.tell(Event::Stop(Error::Cancelled));
    desk.ask()
}

#[test]
fn whatever_fails_every_picture_ends_right() {
    let mut seen = Seen::default();
    for seed in 1..=RUNS {
        one(seed, Mutation::None, &mut seen).unwrap_or_else(|wrong| panic!("seed {seed}: {wrong}"));
    }
    let Seen { done, failed, stopped, failovers, revivals, agreed, deaths } = seen;
    let least = [done, failed, stopped, failovers, revivals, agreed, deaths].into_iter().min().unwrap();
    assert!(least > 100, "a kind of end or fault is hardly seen: {seen:?}");
}

/// The twin: each rule that is dropped is found.
#[test]
fn a_rule_that_is_dropped_is_found() {
    for (mutation, found) in [
        (Mutation::IgnoresDeath, "it waits for nothing"),
        (Mutation::TakesBadTiles, "failed its check and was taken"),
        (Mutation::ForgetsTiles, "no tile of it is left"),
        (Mutation::SaysNothing, "no warning says"),
        (Mutation::GoesOnAfterTheEnd, "after the end"),
    ] {
        let wrong = (1..=1000).find_map(|seed| one(seed, mutation, &mut Seen::default()).err());
        assert!(wrong.as_deref().is_some_and(|wrong| wrong.contains(found)), "{mutation:?}: {wrong:?}");
    }
}
