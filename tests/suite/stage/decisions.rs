//! Stored answers to "may they?", one line each, for stories.

use super::Stage;
use wrasse::ports::authorizations::{Authorization, Sought};

impl Stage {
    /// Every answer that was stored, the oldest first.
    pub(crate) async fn decisions(&self) -> String {
        let sought = Sought { request: None, since: None, limit: 1_000 };
        let found = self.store().await.authorizations(&sought).await.unwrap();
        let told = found.iter().map(told).collect::<Vec<_>>().join("\n");
        self.0.cleaner.borrow_mut().clean(&told)
    }
}

fn told(one: &Authorization) -> String {
    let record = &one.record;
    let who = if record.name.is_empty() { &record.user } else { &record.name };
    let place = record.channel_name.as_deref().unwrap_or(&record.channel);
    let classes = record.classes.iter().map(|class| format!("{} {}", class.servers, class.server_type));
    let classes = classes.collect::<Vec<_>>().join(", ");
    let by = if record.policies.is_empty() { String::new() } else { format!(" by {}", record.policies.join(", ")) };
    let about = one.request.as_ref().map_or_else(String::new, |id| format!(" · {id}"));
    assert_eq!(record.policies_version.len(), 64, "each names the policies that were in force");
    let (occasion, command, verdict) = (one.occasion.word(), &record.command, &record.verdict);
    let what = format!("{command} {classes}").trim().to_owned();
    format!("{occasion:9} {who} in {place}: {what} -> {verdict}{by}{about}").replace(": ->", " ->")
}
