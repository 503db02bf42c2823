//! `wrasse check` about floors that hold nothing, what servers are compared by, and faults of the numbers that need the inventory.

use crate::command_line::{complaint, out, wrasse_in};
use crate::command_line_shell::policies_in;

/// What `check` says of the shipped policies with these numbers.
fn checked(admission: &str) -> (Option<i32>, String) {
    let folder = tempfile::tempdir().expect("a folder for one call");
    let own = policies_in(folder.path());
    std::fs::write(own.join("admission.yaml"), admission).expect("the folder is ours");
    let told = wrasse_in(folder.path(), &["check", "--policies", own.to_str().expect("a path in text")]);
    (told.status.code(), format!("{}{}", out(&told), complaint(&told)))
}

/// The small fleet has a pool in lax alone, and says no metro.
#[test]
fn a_floor_of_metros_that_holds_nothing_is_remarked() {
    let remark = "remark: capacity.metro-out-max holds nothing in lax: the inventory says no metro of it\n";
    let (code, told) = checked("capacity: { metro-out-max: 10% }\n");
    assert_eq!(code, Some(0), "{told}");
    assert!(told.starts_with("sound: ") && told.contains(remark) && !told.contains("riga"), "{told}");
    let (code, told) = checked("capacity: { site-out-max: 10% }\n");
    assert!(code == Some(0) && !told.contains("remark"), "{told}");
}

/// Who is to take over must be there; each that is not is told with its line.
#[test]
fn whoever_takes_over_and_is_not_there_is_a_fault() {
    let entry = |by: &str| format!("capacity:\n  absorbed-by:\n    - {{ type: edge-cache, site: lax, by: [{by}] }}\n");
    let (code, told) = checked(&entry("riga, rga"));
    assert_eq!(code, Some(2), "{told}");
    for what in [
        "2 faults found",
        "policies/admission.yaml:3:43: the inventory has no server of type `edge-cache` with a pool in riga",
        "policies/admission.yaml:3:49: the inventory has no site `rga`: did you mean `riga`?",
    ] {
        assert!(told.contains(what), "{told}");
    }
}

/// Whether there are metrics no file says: what is compared is named, with what that takes.
#[test]
fn what_servers_are_compared_by_is_remarked() {
    let remark =
        "remark: soak.compare (errors) is asked where WRASSE_PROMETHEUS_URL is set; without it, it stops nothing\n";
    let errors = "soak: { compare: [{ name: errors, query: e, seen: s, above: 300%, floor: 1% }] }\n";
    let (code, told) = checked(errors);
    assert!(code == Some(0) && told.contains(remark), "{told}");
    let (code, told) = checked(&errors.replace("300%", "30%"));
    let fault =
        "policies/admission.yaml:1:61: soak.compare.above is `30%`; it takes a percentage of what siblings have, from";
    assert!(code == Some(2) && told.contains(fault), "{told}");
}
