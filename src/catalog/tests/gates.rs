//! Gates that a command must have before it interrupts a server.

use super::*;

/// What interrupts a server is asked about again, whether the bot restarts it or a call does.
#[test]
fn what_interrupts_a_server_has_a_gate_that_asks_for_everything() {
    let gate = "  - gate: [drain-still-holds, capacity]\n";
    for short in ["  - gate: [capacity]\n", "  - gate: [drain-still-holds]\n"] {
        check(
            gate,
            short,
            "reboot.yaml:21:5 a reboot needs a gate before it that asks about its drain and its pool / write `- gate: [drain-still-holds, capacity]` before it",
        );
    }
    check("  - drain\n", "", "reboot.yaml:19:5 nothing was drained before this gate / put `drain` before it");
    let reboot = "  - reboot: { via: ssh, else: redfish, timeout: 15m, grace: 90s }\n    verify: boot-id-changed\n    point-of-no-return: true\n";
    let call = "  - http: { method: POST, url: \"https://power.example.com/cycle\", expect: 200, timeout: 20s }\n";
    let all = |from: &str, to: &str| {
        let called = REBOOT.replace(reboot, call);
        assert!(called.contains(call) && called.contains(from));
        let faults = load(&files(&[("drain.yaml", DRAIN), ("reboot.yaml", &called.replace(from, to))])).err();
        let faults = faults.map(|faults| faults.faults().to_vec()).unwrap_or_default();
        faults.iter().map(|fault| format!("{} / {}", fault.what, fault.instead)).collect::<Vec<_>>()
    };
    assert_eq!(all(gate, gate), Vec::<String>::new());
    let add = "add `- gate: [drain-still-holds, capacity]` before it";
    let what = "a call of a power-cycle command needs a gate before it, which asks again whether it is still safe";
    assert_eq!(all(gate, ""), [format!("{what} / {add}")]);
    let both = format!("  - drain\n{gate}");
    assert_eq!(all(&both, ""), [format!("{what} / {add}, with `- drain` before that")]);
    assert_eq!(all(gate, &format!("{gate}  - undrain\n")), [format!("{what} / {add}, with `- drain` before that")]);
    // A call that only looks interrupts nothing, and one behind the first needs no gate of its own.
    assert_eq!(all(gate, &format!("{}{gate}", call.replace("POST", "GET"))), Vec::<String>::new());
    assert_eq!(all(call, &format!("{call}{call}")), Vec::<String>::new());
    // A command that does less harm may call as it likes.
    assert_eq!(all("impact: power-cycle\n", "impact: drain\n"), Vec::<String>::new());
    let harmless = |text: &str| text.replace("impact: power-cycle", "impact: drain").replace(gate, "");
    assert!(load(&files(&[("drain.yaml", DRAIN), ("reboot.yaml", &harmless(&REBOOT.replace(reboot, call)))])).is_ok());
}
