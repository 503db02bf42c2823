//! The suite: one binary, so that there is one link.

#[cfg(test)]
mod alerts_wire;
#[cfg(test)]
mod bmc_identity_wire;
#[cfg(test)]
mod bolt;
#[cfg(test)]
mod browser;
#[cfg(test)]
mod clustershell;
mod command_files;
mod command_line;
#[cfg(test)]
mod command_line_automations;
mod command_line_brakes;
mod command_line_floors;
#[cfg(test)]
mod command_line_matrix;
mod command_line_shell;
mod command_line_state;
#[cfg(test)]
mod decisions_call;

#[cfg(test)]
mod drivers_wire;
mod fuzz_corpus;
#[cfg(test)]
mod mandates;
#[cfg(test)]
mod metrics_wire;
#[cfg(test)]
mod monitoring_wire;
#[cfg(test)]
mod policy_replay;
#[cfg(test)]
mod readme;
#[cfg(test)]
mod real_alertmanager;
#[cfg(test)]
mod real_peers;
#[cfg(test)]
mod settings;
#[cfg(test)]
mod slack_wire;
#[cfg(test)]
mod stage;
#[cfg(test)]
mod storage;
#[cfg(test)]
mod stories;
#[cfg(test)]
mod tidy;
#[cfg(test)]
mod tour;
#[cfg(test)]
mod workspace_wire;
