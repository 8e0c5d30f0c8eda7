//! One path after another.

use super::super::engines::Opaque;
use super::super::{Command, EngineMemory, Event, Facts, Networks, SessionPlan, Supervisor, Work, whole_factor, whole_shape};
use super::desk::{bad, fails, networks, worker_of, works};
use super::{Desk, Fake, run};
use crate::backend::BackendKind::{self, Gpu, Reference, Simd, Tract};
use crate::backend::select::Preference::{self, Auto, Only};
use crate::error::Error;
use crate::model::graph::Shape;

fn lost() -> Error {
    Error::device("The device was lost", "")
}

/// The engines that were opened.
fn opened(desk: &Desk) -> Vec<BackendKind> {
    desk.asked.iter().filter_map(|command| if let Command::Open { engine, .. } = command { Some(*engine) } else { None }).collect()
}

fn count(desk: &Desk, wanted: impl Fn(&Command) -> bool) -> usize {
    desk.asked.iter().filter(|command| wanted(command)).count()
}

#[test]
fn a_sound_engine_makes_the_picture_and_nothing_is_said() {
    let mut desk = Desk::new(Auto, Fake::new(2, 5), 3);
    assert_eq!(run(&mut desk, |_, command| Some(works(command))), Command::Done);
    assert_eq!(opened(&desk), [Gpu]);
    assert_eq!((desk.job().warnings.len(), desk.job().done.clone()), (0, vec![1; 10]));
    assert_eq!(count(&desk, |command| matches!(command, Command::Progress { rect: Some(_) })), 10);
}

#[test]
fn an_engine_that_refuses_is_remembered_on_auto_and_asked_again_where_it_is_chosen() {
    let memory = EngineMemory::default();
    let desk = |preference| Desk::with(Supervisor::new(preference, &memory, networks(1), 2, None), Fake::new(1, 4));
    let refuse = |_: &mut Desk, command: &Command| match command {
        Command::Open { engine: Gpu, .. } => Some(fails(command, Error::device("There is no GPU", "Use the CPU"))),
        other => Some(works(other)),
    };
    for again in [vec![Gpu, Simd], vec![Simd]] {
        let mut desk = desk(Auto);
        assert_eq!(run(&mut desk, refuse), Command::Done);
        assert_eq!((opened(&desk), desk.job().warnings.len()), (again, 0));
        assert_eq!(desk.supervisor.refusals()[0].reason, "There is no GPU. Use the CPU.");
    }
    let mut chosen = desk(Only(Gpu));
    assert_eq!(run(&mut chosen, refuse), Command::Fail(Error::device("There is no GPU", "Use the CPU")));
    assert_eq!(opened(&chosen), [Gpu]);
}

#[test]
fn a_failed_download_is_not_remembered() {
    let memory = EngineMemory::default();
    let mut desk = Desk::with(Supervisor::new(Auto, &memory, networks(1), 1, None), Fake::new(1, 1));
    run(&mut desk, |_, command| match command {
        Command::Open { engine: Gpu, .. } => Some(Event::Refused { error: lost(), lasting: false }),
        other => Some(works(other)),
    });
    assert_eq!((opened(&desk), memory.refused(Gpu)), (vec![Gpu, Simd], None));
}

#[test]
fn software_is_refused_on_auto_alone() {
    let facts = Facts { adapter: "Soft".into(), software: true, tiles_in_flight: 2, max_buffer_bytes: Some(1) };
    let answer = |_: &mut Desk, command: &Command| match command {
        Command::Open { engine: Gpu, .. } => Some(Event::Opened(facts.clone())),
        other => Some(works(other)),
    };
    let mut auto = Desk::new(Auto, Fake::new(1, 4), 2);
    assert_eq!((run(&mut auto, answer), opened(&auto)), (Command::Done, vec![Gpu, Simd]));
    assert!(auto.supervisor.refusals()[0].reason.starts_with("Soft is a GPU emulated on the CPU"));
    let mut chosen = Desk::new(Only(Gpu), Fake::new(1, 4), 2);
    assert_eq!((run(&mut chosen, answer), opened(&chosen)), (Command::Done, vec![Gpu]));
    let allowed = |desk: &Desk| matches!(desk.asked[0], Command::Open { allow_software: true, .. });
    assert!(allowed(&chosen) && !allowed(&auto));
}

#[test]
fn where_nobody_opens_every_reason_is_told() {
    let mut desk = Desk::new(Auto, Fake::new(1, 1), 1);
    let Command::Fail(Error::Device(fault)) = run(&mut desk, |_, command| Some(fails(command, Error::device("Not here", "Go away")))) else {
        panic!("{:?}", desk.end)
    };
    let all = "No engine could be started on this device. gpu: Not here. Go away. simd: Not here. Go away. tract: Not here. Go away. reference: Not here. Go away";
    assert_eq!(fault.what, all);
    assert!(!fault.remedy.is_empty());
}

#[test]
fn an_engine_that_lacks_an_operation_is_named_and_the_picture_planned_anew() {
    let mut desk = Desk::new(Auto, Fake::new(1, 4), 2);
    let lacks = Error::unsupported("The operation Erf is missing", "Use another model");
    let end = run(&mut desk, |_, command| match command {
        Command::Prepare { worker: 0, .. } => Some(fails(command, lacks.clone())),
        other => Some(works(other)),
    });
    assert_eq!((end, opened(&desk)), (Command::Done, vec![Gpu, Simd]));
    assert_eq!(count(&desk, |command| matches!(command, Command::Plan(_))), 2);
    assert_eq!(count(&desk, |command| matches!(command, Command::Close { .. })), 0, "it is sound for other networks");
    assert_eq!(desk.job().warnings, ["The engine \"gpu\" was not used: The operation Erf is missing. Use another model"]);
}

#[test]
fn a_bad_tile_gets_one_more_try_on_the_same_engine() {
    let mut desk = Desk::new(Auto, Fake::new(1, 4), 1);
    let mut tries = 0;
    let end = run(&mut desk, |_, command| match command {
        Command::Run { worker, tile, .. } if tile.index == 2 => {
            tries += 1;
            let output = if tries == 1 { bad(0.0) } else { vec![1.0] };
            Some(Event::Ran { worker: *worker, tile: 2, output })
        }
        other => Some(works(other)),
    });
    assert_eq!((end, tries, opened(&desk), desk.job().warnings.len()), (Command::Done, 2, vec![Gpu], 0));
}

#[test]
fn a_tile_that_is_bad_twice_ends_the_engine_for_good() {
    let memory = EngineMemory::default();
    let mut desk = Desk::with(Supervisor::new(Auto, &memory, networks(1), 2, None), Fake::new(1, 4));
    let end = run(&mut desk, |desk, command| match command {
        Command::Run { worker, tile, .. } if tile.index == 2 && desk.engine_of(command) == Some(Gpu) => {
            Some(Event::Ran { worker: *worker, tile: 2, output: bad(0.0) })
        }
        other => Some(works(other)),
    });
    assert_eq!((end, opened(&desk)), (Command::Done, vec![Gpu, Simd]));
    assert_eq!(desk.job().done, [1; 4]);
    assert_eq!(desk.job().engines, ["gpu", "simd"]);
    let said = "The engine \"gpu\" failed after 2 of 4 tiles and \"simd\" did the rest: A tile came back black, damaged or unlike the picture";
    assert_eq!(desk.job().warnings, [said]);
    assert!(memory.refused(Gpu).is_some() && count(&desk, |command| *command == Command::Close { engine: Gpu }) == 1);
}

#[test]
fn where_two_engines_agree_on_a_bad_tile_the_model_is_to_blame() {
    let mut desk = Desk::new(Auto, Fake::new(1, 3), 1);
    let end = run(&mut desk, |_, command| match command {
        Command::Run { worker, tile, .. } if tile.index == 1 => Some(Event::Ran { worker: *worker, tile: 1, output: bad(0.0) }),
        other => Some(works(other)),
    });
    assert_eq!((end, opened(&desk)), (Command::Done, vec![Gpu, Simd]));
    assert!(desk.job().warnings.contains(&"two engines agree".into()));
}

#[test]
fn a_device_lost_before_during_and_after_the_tiles() {
    // Before: it does not prepare. It is opened anew for the next picture.
    let memory = EngineMemory::default();
    let mut desk = Desk::with(Supervisor::new(Auto, &memory, networks(1), 2, None), Fake::new(1, 4));
    let end = run(&mut desk, |_, command| match command {
        Command::Prepare { worker: 0, .. } => Some(Event::Lost { worker: 0, error: lost() }),
        other => Some(works(other)),
    });
    assert_eq!((end, opened(&desk), memory.refused(Gpu)), (Command::Done, vec![Gpu, Simd], None));
    assert_eq!(count(&desk, |command| *command == Command::Close { engine: Gpu }), 1);
    assert_eq!(desk.job().warnings, ["The engine \"gpu\" was not used: The device was lost"]);
    // During.
    let mut desk = Desk::new(Auto, Fake::new(2, 4), 2);
    let end = run(&mut desk, |_, command| match command {
        Command::Run { worker: 0, tile, .. } if tile.index == 5 => Some(Event::Lost { worker: 0, error: lost() }),
        other => Some(works(other)),
    });
    assert_eq!((end, opened(&desk), desk.job().done.clone()), (Command::Done, vec![Gpu, Simd], vec![1; 8]));
    // After.
    let mut desk = Desk::new(Auto, Fake::new(1, 1), 2);
    let end = run(&mut desk, |desk, command| {
        if let Command::Run { .. } = command {
            desk.tell(works(command));
            return Some(Event::Lost { worker: 0, error: lost() });
        }
        Some(works(command))
    });
    assert_eq!((end, opened(&desk), desk.job().warnings.len()), (Command::Done, vec![Gpu], 0));
}

#[test]
fn a_worker_that_dies_leaves_its_tiles_to_the_others() {
    let mut desk = Desk::new(Only(Simd), Fake::new(1, 8), 3);
    let mut killed = false;
    let end = run(&mut desk, |desk, command| {
        if let (Command::Run { worker: 1, .. }, false) = (command, killed) {
            killed = true;
            desk.kill(1);
            return None;
        }
        Some(works(command))
    });
    assert_eq!((end, desk.job().done.clone()), (Command::Done, vec![1; 8]));
    assert_eq!(desk.job().warnings, ["A compute worker of simd stopped; the others went on"]);
    assert_eq!(count(&desk, |command| matches!(command, Command::Start { .. })), 2, "no other worker is started");
}

#[test]
fn where_all_workers_are_dead_one_is_started_once() {
    for deaths in [2, 3] {
        let mut desk = Desk::new(Auto, Fake::new(1, 8), 2);
        let mut left = deaths;
        let end = run(&mut desk, |desk, command| match command {
            Command::Open { engine: Gpu, .. } => Some(fails(command, lost())),
            Command::Run { worker, .. } if left > 0 && desk.engine_of(command) == Some(Simd) => {
                left -= 1;
                desk.kill(*worker);
                None
            }
            other => Some(works(other)),
        });
        assert_eq!((end, desk.job().done.clone()), (Command::Done, vec![1; 8]));
        let revived = "Every compute worker of simd stopped, perhaps for want of memory; one new worker went on";
        assert!(desk.job().warnings.contains(&revived.into()), "{:?}", desk.job().warnings);
        assert_eq!(opened(&desk).len(), deaths, "the second time the next engine goes on");
        if deaths == 3 {
            let said = "The engine \"simd\" failed after 0 of 8 tiles and the slower engine \"tract\" did the rest: The worker stopped";
            assert!(desk.job().warnings.contains(&said.into()), "{:?}", desk.job().warnings);
        }
    }
}

#[test]
fn a_worker_that_does_not_start_or_prepare_is_done_without() {
    let mut desk = Desk::new(Only(Simd), Fake::new(1, 6), 3);
    let end = run(&mut desk, |_, command| match command {
        Command::Start { worker: 1 } | Command::Prepare { worker: 2, .. } => Some(fails(command, Error::limits("No memory", ""))),
        other => Some(works(other)),
    });
    assert_eq!((end, desk.job().warnings.len()), (Command::Done, 0));
    assert!(desk.asked.iter().all(|command| !matches!(command, Command::Run { worker, .. } if *worker != 0)));
}

#[test]
fn where_no_engine_is_left_in_the_middle_the_error_says_what_helps() {
    let fail = |_: &mut Desk, command: &Command| match command {
        Command::Run { .. } => Some(fails(command, Error::device("The device was lost", "Start again"))),
        other => Some(works(other)),
    };
    let mut chosen = Desk::new(Only(Simd), Fake::new(1, 2), 1);
    let what = "The engine failed in the middle of the picture. The device was lost. Start again";
    let remedy = "Choose the engine \"auto\", which falls over to another one";
    assert_eq!(run(&mut chosen, fail), Command::Fail(Error::device(what, remedy)));
    let mut auto = Desk::new(Auto, Fake::new(1, 2), 1);
    assert_eq!(run(&mut auto, fail), Command::Fail(Error::device(what, "Try again, or choose a smaller picture")));
    assert_eq!(opened(&auto), [Gpu, Simd, Tract, Reference]);
    assert_eq!(auto.job().engines, ["gpu", "simd", "tract", "reference"]);
}

#[test]
fn what_no_engine_can_mend_ends_the_picture() {
    let mut full = Desk::new(Auto, Fake::new(1, 2), 1);
    let end = run(&mut full, |_, command| match command {
        Command::Run { worker, tile, .. } => Some(Event::Ran { worker: *worker, tile: tile.index, output: Vec::new() }),
        other => Some(works(other)),
    });
    assert!(matches!(end, Command::Fail(Error::Encode(_))) && opened(&full) == [Gpu]);
    let damaged = Error::model("The model is damaged", "Download it again");
    let mut model = Desk::new(Auto, Fake::new(1, 2), 1);
    let end = run(&mut model, |_, command| match command {
        Command::Prepare { .. } => Some(fails(command, damaged.clone())),
        other => Some(works(other)),
    });
    assert_eq!((end, opened(&model)), (Command::Fail(damaged), vec![Gpu]));
}

#[test]
fn a_picture_is_cancelled_at_every_step() {
    for step in 0..60 {
        let mut desk = Desk::new(Auto, Fake::new(2, 4), 2);
        let mut left = step;
        let end = run(&mut desk, |_, command| {
            left -= 1;
            Some(if left < 0 { Event::Stop(Error::Cancelled) } else { works(command) })
        });
        // Open, plan, prepare and eight tiles.
        let expected = if step < 11 { Command::Fail(Error::Cancelled) } else { Command::Done };
        assert_eq!(end, expected, "step {step}");
        // What still comes in is of no interest.
        for command in std::mem::take(&mut desk.open) {
            desk.tell(works(&command));
        }
        desk.ask().unwrap();
    }
}

fn opaque(preference: Preference, size: Option<[u32; 2]>) -> Desk {
    let networks = Networks { first: vec![0], opaque: Some(Opaque { pass: 0, channels: 3, gap: "The operation Erf is not covered".into() }) };
    Desk::with(Supervisor::new(preference, &EngineMemory::default(), networks, 4, size), Fake::new(1, 1))
}

#[test]
fn a_network_that_is_not_covered_goes_to_tract_and_is_measured() {
    let mut desk = opaque(Auto, Some([30, 20]));
    assert_eq!(run(&mut desk, |_, command| Some(works(command))), Command::Done);
    assert_eq!(opened(&desk), [Tract]);
    let session = SessionPlan { pass: 0, shape: Shape::new(3, 20, 30) };
    assert!(desk.asked.contains(&Command::Measure { worker: 0, session }));
    assert!(desk.asked.iter().any(|command| matches!(command, Command::Plan(plan) if plan.opaque_scale == Some(2))));
    let said = "The slower engine tract made this picture, because no other engine runs this network: The operation Erf is not covered";
    assert_eq!(desk.job().warnings, [said]);
    // It is too large for that, another engine was chosen, or tract cannot prepare it.
    let mut large = opaque(Auto, Some([3000, 3000]));
    assert!(matches!(run(&mut large, |_, command| Some(works(command))), Command::Fail(Error::Limits(_))));
    let mut chosen = opaque(Only(Simd), Some([30, 20]));
    let end = run(&mut chosen, |_, command| Some(works(command)));
    let what = "The engine \"simd\" cannot run this model. The operation Erf is not covered";
    assert_eq!(end, Command::Fail(Error::unsupported(what, "Choose the engine \"auto\" or \"tract\" for it")));
    let mut lacking = opaque(Auto, Some([30, 20]));
    let lacks = Error::unsupported("tract cannot run it either", "Use another model");
    let end = run(&mut lacking, |_, command| match command {
        Command::Measure { .. } => Some(fails(command, lacks.clone())),
        other => Some(works(other)),
    });
    assert_eq!(end, Command::Fail(lacks.clone()));
}

#[test]
fn a_slow_engine_says_why() {
    let mut chosen = Desk::new(Only(Reference), Fake::new(1, 1), 1);
    run(&mut chosen, |_, command| Some(works(command)));
    assert_eq!(chosen.job().warnings, ["The slower engine reference made this picture, because it is the one that was chosen"]);
    let mut auto = Desk::new(Auto, Fake::new(1, 1), 1);
    run(&mut auto, |_, command| match command {
        Command::Open { engine: Gpu | Simd, .. } => Some(fails(command, Error::device("Not here", ""))),
        other => Some(works(other)),
    });
    let said = "The slower engine tract made this picture, because the faster ones refused. gpu: Not here. simd: Not here";
    assert_eq!(auto.job().warnings, [said]);
}

#[test]
fn rows_without_a_network_need_no_worker() {
    let mut desk = Desk::new(Auto, Fake::rows(5), 4);
    assert_eq!(run(&mut desk, |_, command| Some(works(command))), Command::Done);
    assert_eq!(count(&desk, |command| matches!(command, Command::Start { .. } | Command::Prepare { .. })), 0);
    assert_eq!(count(&desk, |command| *command == Command::Progress { rect: None }), 4, "the last one is the end");
    assert_eq!((desk.job().engines.as_slice(), desk.job().tiles_done()), (["gpu".to_string()].as_slice(), 5));
}

#[test]
fn tiles_are_dealt_in_turns() {
    let deal = |preference, tiles, workers, expected: &[usize]| {
        let mut desk = Desk::new(preference, Fake::new(1, tiles), workers);
        let hold = |_: &mut Desk, command: &Command| Some(works(command));
        // Until all workers are ready, before any tile comes back.
        loop {
            desk.ask().unwrap();
            let Some(at) = desk.open.iter().position(|command| !matches!(command, Command::Run { .. })) else { break };
            let command = desk.open.remove(at);
            if let Some(event) = hold(&mut desk, &command) {
                desk.tell(event);
            }
        }
        let mut dealt = vec![0; workers];
        for command in desk.asked.iter().filter(|command| matches!(command, Command::Run { .. })) {
            dealt[worker_of(command).unwrap()] += 1;
        }
        assert_eq!(dealt, expected);
    };
    // One runs and one waits at each; the last ones wait for whoever is free first. A GPU has as many as it says.
    deal(Only(Simd), 20, 3, &[2, 2, 2]);
    deal(Only(Simd), 3, 3, &[1, 1, 1]);
    deal(Only(Simd), 7, 3, &[2, 2, 1]);
    deal(Only(Gpu), 20, 1, &[1]);
}

#[test]
fn passes_of_one_network_and_shape_share_a_session() {
    let networks = Networks { first: vec![0, 0, 2, 0], opaque: None };
    let [small, large] = [Shape::new(3, 8, 8), Shape::new(3, 16, 16)];
    let sessions = networks.sessions(&[small, small, small, large]);
    assert_eq!(sessions.of_pass, [0, 0, 1, 2]);
    let plan = |pass, shape| SessionPlan { pass, shape };
    assert_eq!(sessions.slots, [plan(0, small), plan(2, small), plan(0, large)]);
}

#[test]
fn a_factor_must_be_whole_and_the_picture_small() {
    let input = whole_shape(3, [30, 20], "gap").unwrap();
    assert_eq!(whole_factor(input, Shape::new(3, 60, 90)), Ok(3));
    for [height, width] in [[60, 91], [61, 90], [40, 90], [0, 0]] {
        let error = whole_factor(input, Shape::new(3, height, width)).unwrap_err();
        assert_eq!(error.kind(), "unsupported", "{error}");
    }
    let error = whole_shape(3, [5000, 5000], "Erf is missing").unwrap_err();
    assert!(error.kind() == "limits" && error.to_string().contains("5000 x 5000"), "{error}");
}
