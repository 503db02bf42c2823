//! Whether what `traffic.standby` names is there: the automation, the command, the channel, and a rule that lets it ask.
//!
//! A fault here would only be found when too much comes.

use crate::admission::traffic::StandbyRules;
use crate::admission::{Misnomer, Spot, TrafficRules};
use crate::authorization::Policies;
use crate::catalog::Catalog;
use crate::domain::identity::Profile;
use crate::domain::place::{ChannelFacts, Membership, Reach};

/// Checks it against everything else.
///
/// # Errors
/// What is missing, and what to write.
pub(super) fn check(rules: &TrafficRules, catalog: &Catalog, policies: &Policies) -> Result<(), Misnomer> {
    let misnomer = |key: &str, what: String| Misnomer { spot: Spot::Value(format!("traffic.standby.{key}")), what };
    let Some(StandbyRules { automation, command, channel, .. }) = &rules.standby else { return Ok(()) };
    policies.check_automation(automation).map_err(|what| misnomer("as", format!("traffic.standby: {what}")))?;
    let Some(spec) = catalog.command(command) else {
        return Err(misnomer("with", format!("traffic.standby names the command `{command}`, and there is none")));
    };
    if !spec.relieves() {
        let takes = "it takes one that puts servers back from standby, does nothing else, and asks for nothing but why";
        return Err(misnomer("with", format!("traffic.standby names `{command}`; {takes}")));
    }
    let Some(id) = policies.channel_called(channel) else {
        let what = format!("traffic.standby names the channel `{channel}`, which channels.yaml does not");
        return Err(misnomer("in", what));
    };
    // Who reads along is known only once the workspace is asked; this is where the most is allowed.
    let facts = ChannelFacts {
        id: id.clone(),
        name: Some(channel.clone()),
        bot: Membership::Inside,
        reach: Reach::OwnWorkspace,
    };
    if policies.commands_for(&Profile::automation(automation), &facts, [spec.as_ref()]).is_empty() {
        let rule = format!(
            "`- {{ id: {channel}-{automation}, who: automation:{automation}, commands: {command}, reason: … }}`"
        );
        let what = format!(
            "traffic.standby: no policy lets {automation} {command} in #{channel}; allow it in channels/{channel}.yaml: {rule}"
        );
        return Err(misnomer("in", what));
    }
    Ok(())
}
