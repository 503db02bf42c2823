//! What deciding costs: servers that all wait, with 200 others under work, in a fleet of 2,000, 20,000 and 200,000.
//!
//! Run by `cargo bench --bench admission`. The numbers to stay below, on one core: a pass over 20,000 servers that wait
//! 100 ms, a plan for as many with every verdict a second, one start 5 ms. Nothing here fails by time.

use divan::{Bencher, black_box};
use scene::{FLEETS, OF_ONE_START, Scene};
use wrasse::admission::{self, Paces, Rules, Sought, Verdict};
use wrasse::domain::identity::Asker;
use wrasse::domain::plan::Subject;

mod scene;

fn main() {
    divan::main();
}

/// How many of so many may start.
fn started(scene: &Scene, most: usize) -> usize {
    let said = admission::pass(scene.candidates(most), scene.known());
    said.iter().filter(|(_, verdict)| matches!(verdict, Verdict::Allow(_))).count()
}

/// Every server of the fleet waits.
#[divan::bench(args = FLEETS, sample_count = 10)]
fn a_pass_over_servers_that_wait(bencher: Bencher<'_, '_>, count: usize) {
    let scene = Scene::of(count, true);
    assert_eq!(started(&scene, count), 0, "they all wait");
    bencher.bench_local(|| black_box(started(&scene, count)));
}

/// The same where traffic is looked at.
#[divan::bench(args = FLEETS, sample_count = 10)]
fn a_pass_that_asks_for_traffic(bencher: Bencher<'_, '_>, count: usize) {
    let scene = Scene::of(count, true).with_traffic();
    assert_eq!(started(&scene, count), 0, "they all wait");
    bencher.bench_local(|| black_box(started(&scene, count)));
}

/// The same where feeds and alerts are.
#[divan::bench(args = FLEETS, sample_count = 10)]
fn a_pass_that_asks_about_infrastructure(bencher: Bencher<'_, '_>, count: usize) {
    let scene = Scene::of(count, true).with_infrastructure();
    assert_eq!(started(&scene, count), 0, "they all wait");
    bencher.bench_local(|| black_box(started(&scene, count)));
}

/// The servers that one transaction decides, all of which start.
#[divan::bench(args = FLEETS, sample_count = 20)]
fn one_start(bencher: Bencher<'_, '_>, count: usize) {
    let scene = Scene {
        rules: Rules {
            rack_concurrency: 99,
            type_in_site_percent: 90,
            pool_out_max_percent: 90,
            starts_per_minute: None,
            ..Rules::default()
        },
        ..Scene::of(count, false)
    };
    assert_eq!(started(&scene, OF_ONE_START), OF_ONE_START, "they all start");
    bencher.bench_local(|| black_box(started(&scene, OF_ONE_START)));
}

/// What `plan` asks: each server's verdict, together and alone, who would be left out, and when the first that waits may start.
#[divan::bench(args = FLEETS, sample_count = 10)]
fn a_plan_with_every_verdict(bencher: Bencher<'_, '_>, count: usize) {
    let scene = Scene::of(count, false);
    let subjects = scene.planned.iter().cloned().map(Subject::Server).collect::<Vec<_>>();
    let (spec, asked_by) = (&scene.spec, Asker::Person);
    let sought = Sought { subjects: &subjects, first: OF_ONE_START, spec, version: None, asked_by, run: &scene.run };
    bencher.bench_local(|| black_box(admission::outlook(sought, scene.known(), &Paces::default())));
}
