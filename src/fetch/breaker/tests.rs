use proptest::prelude::*;

use super::*;

const SETTINGS: Breaker =
    Breaker { challenges: 3, first: Duration::from_secs(60), ceiling: Duration::from_secs(150), rests: 3 };

fn seconds(start: Instant, seconds: u64) -> Instant {
    start + Duration::from_secs(seconds)
}

#[track_caller]
fn send(guard: &Guard, fate: Fate, now: Instant) {
    match guard.gate(now) {
        Gate::Open(pass) => pass.settle(fate, now),
        shut => unreachable!("{shut:?} where a request was to go"),
    }
}

#[track_caller]
fn rests(guard: &Guard, now: Instant, expected_s: u64) {
    let gate = guard.gate(now);
    assert!(matches!(gate, Gate::Rest(rest) if rest == Duration::from_secs(expected_s)), "{gate:?}");
}

#[test]
fn an_answer_between_challenges_begins_the_count_anew() {
    let (guard, now) = (Guard::new(SETTINGS), Instant::now());
    for fate in [Fate::Challenged, Fate::Challenged, Fate::Answered, Fate::Challenged, Fate::Challenged] {
        send(&guard, fate, now);
    }
    assert!(!guard.is_resting());
    send(&guard, Fate::Challenged, now);
    rests(&guard, now, 60);
}

#[test]
fn rests_double_up_to_the_ceiling_and_then_the_client_gives_up() {
    let (guard, start) = (Guard::new(SETTINGS), Instant::now());
    for _ in 0..3 {
        send(&guard, Fate::Challenged, start);
    }
    rests(&guard, start, 60);
    send(&guard, Fate::Challenged, seconds(start, 60));
    rests(&guard, seconds(start, 60), 120);
    send(&guard, Fate::Challenged, seconds(start, 180));
    rests(&guard, seconds(start, 180), 150);
    send(&guard, Fate::Challenged, seconds(start, 330));
    assert_eq!(guard.given_up_after(), Some(Duration::from_secs(330)));
    assert!(matches!(guard.gate(seconds(start, 9999)), Gate::Closed(_)));
}

#[test]
fn only_one_request_probes_and_what_was_sent_before_counts_for_nothing() {
    let (guard, start) = (Guard::new(SETTINGS), Instant::now());
    let Gate::Open(early) = guard.gate(start) else { unreachable!("all is well") };
    for _ in 0..3 {
        send(&guard, Fate::Challenged, start);
    }
    early.settle(Fate::Answered, start);
    rests(&guard, start, 60);
    let later = seconds(start, 60);
    let Gate::Open(probe) = guard.gate(later) else { unreachable!("the rest is over") };
    assert!(matches!(guard.gate(later), Gate::Probing(_)));
    drop(probe);
    let Gate::Open(probe) = guard.gate(later) else { unreachable!("the first probe was broken off") };
    probe.settle(Fate::Answered, later);
    assert!(!guard.is_resting());
    assert!(matches!(guard.gate(later), Gate::Open(_)));
}

proptest! {
    #[test]
    fn whatever_happens_a_resting_site_gets_at_most_one_request_at_a_time(
        steps in prop::collection::vec((0_u8..3, 0_u64..100, any::<bool>()), 0..200),
    ) {
        let guard = Guard::new(SETTINGS);
        let start = Instant::now();
        let mut now_s = 0;
        let mut held: Vec<Pass<'_>> = Vec::new();
        let mut rested = Duration::ZERO;
        for (fate, wait_s, keeps) in steps {
            now_s += wait_s;
            let now = seconds(start, now_s);
            let was_resting = guard.is_resting();
            match guard.gate(now) {
                Gate::Open(pass) => {
                    prop_assert!(!was_resting || held.iter().all(|held| !held.is_probe));
                    prop_assert_eq!(pass.is_probe, was_resting);
                    held.push(pass);
                }
                Gate::Rest(rest) => prop_assert!(was_resting && rest <= SETTINGS.ceiling),
                Gate::Probing(_) => prop_assert!(held.iter().any(|held| held.is_probe)),
                Gate::Closed(after) => rested = after,
            }
            if !keeps && let Some(pass) = held.pop() {
                pass.settle([Fate::Answered, Fate::Challenged, Fate::Unknown][usize::from(fate)], now);
            }
        }
        prop_assert!(rested <= SETTINGS.ceiling * SETTINGS.rests);
    }
}
