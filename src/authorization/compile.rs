//! A rule becomes a Cedar policy, through its syntax tree: no text of a file is ever read as policy.

use super::entities::Kind;
use super::rules::{Commands, On, Rule, RuleEffect, Whom};
use crate::domain::place::ChannelName;
use cedar_policy::{Policy, pst};
use pst::{BinaryOp, Clause, EntityOrSlot, Expr, Var};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The policy of that rule; a permit is bound to its channel.
///
/// # Errors
/// What Cedar's library does not take; none is known.
pub(super) fn policy(rule: &Rule, channel: &ChannelName) -> Result<Policy, String> {
    let mut clauses = Vec::new();
    let (effect, limit) = match rule.effect {
        RuleEffect::Allow { at_most } => {
            clauses.push(in_channel(channel)?);
            (pst::Effect::Permit, at_most.map(|most| (BinaryOp::LessEq, most)))
        }
        RuleEffect::Forbid { above } => (pst::Effect::Forbid, above.map(|most| (BinaryOp::Greater, most))),
    };
    let principal = principal(&rule.who, &mut clauses)?;
    let action = action(&rule.commands, &mut clauses)?;
    if let Some(on) = &rule.on {
        clauses.extend(on_clauses(on)?);
    }
    if let Some((op, most)) = limit {
        let most = Arc::new(Expr::Literal(pst::Literal::Long(i64::from(most))));
        clauses.push(when(Expr::BinaryOp { op, left: context("server_count"), right: most }));
    }
    let annotations = BTreeMap::from([
        ("id".to_owned(), rule.id.as_str().into()),
        ("reason".to_owned(), rule.reason.as_str().into()),
    ]);
    let template = pst::Template::new(rule.id.as_str(), effect, principal, action, pst::ResourceConstraint::Any);
    let template = template.with_annotations(annotations).try_with_clauses(clauses).map_err(said)?;
    finished(template)
}

/// Adds `context.channel == Channel::"…"` to a permit. A forbid stays as wide as it was written.
pub(super) fn bind(policy: &Policy, channel: &ChannelName) -> Result<Policy, String> {
    if policy.effect() == cedar_policy::Effect::Forbid {
        return Ok(policy.clone());
    }
    let tree = policy.to_pst().map_err(said)?;
    let mut body = tree.body().clone();
    body.try_add_clause(in_channel(channel)?).map_err(said)?;
    finished(body)
}

fn finished(template: pst::Template) -> Result<Policy, String> {
    let policy = pst::StaticPolicy::try_from(template).map_err(said)?;
    Policy::from_pst(pst::Policy::Static(policy)).map_err(said)
}

fn principal(who: &Whom, clauses: &mut Vec<Clause>) -> Result<pst::PrincipalConstraint, String> {
    let Whom::Some { groups, people, automations } = who else { return Ok(pst::PrincipalConstraint::Any) };
    if let (Some(group), 1, true) = (groups.first(), groups.len(), people.is_empty() && automations.is_empty()) {
        return Ok(pst::PrincipalConstraint::In(EntityOrSlot::Entity(uid(Kind::Group, group.as_str())?)));
    }
    let of_groups = is_in(Var::Principal, Kind::Group, groups.iter().map(|group| group.as_str()))?;
    let of_people = is_in(Var::Principal, Kind::Account, people.iter().map(|person| person.as_str()))?;
    let of_persons = Some(either(of_groups, of_people)).filter(|_| !(groups.is_empty() && people.is_empty()));
    let of_automations = is_in(Var::Principal, Kind::Automation, automations.iter().map(|name| name.as_str()))?;
    clauses.push(when(either(of_persons, of_automations)));
    Ok(pst::PrincipalConstraint::Any)
}

fn action(commands: &Commands, clauses: &mut Vec<Clause>) -> Result<pst::ActionConstraint, String> {
    let Commands::Some { names, impacts } = commands else { return Ok(pst::ActionConstraint::Any) };
    if impacts.is_empty() {
        let mut uids = Vec::new();
        for name in names {
            uids.push(uid(Kind::Action, name.as_str())?);
        }
        return Ok(match uids.as_slice() {
            [only] => pst::ActionConstraint::Eq(only.clone()),
            _ => pst::ActionConstraint::In(uids),
        });
    }
    let named = is_in(Var::Action, Kind::Action, names.iter().map(|name| name.as_str()))?;
    let classes = set(Kind::Impact, impacts.iter().map(|impact| impact.word()))?;
    let of_class =
        classes.map(|classes| Expr::BinaryOp { op: BinaryOp::Contains, left: classes, right: context("impact") });
    clauses.push(when(either(named, of_class)));
    Ok(pst::ActionConstraint::Any)
}

/// In each of what is said, in none of what is said with `not-`, and only what `on` can speak of.
fn on_clauses(on: &On) -> Result<Vec<Clause>, String> {
    let types = |names: &std::collections::BTreeSet<crate::domain::server::ServerType>| {
        is_in(Var::Resource, Kind::ServerType, names.iter().map(|name| name.as_str()))
    };
    let sites = |names: &std::collections::BTreeSet<crate::domain::server::SiteName>| {
        is_in(Var::Resource, Kind::Site, names.iter().map(|name| name.as_str()))
    };
    let pools = |names: &std::collections::BTreeSet<crate::domain::server::PoolName>| {
        is_in(Var::Resource, Kind::Pool, names.iter().map(|name| name.as_str()))
    };
    let is = |kind: Kind| -> Result<Expr, String> {
        let entity_type = pst::EntityType::from_name(pst::Name::unqualified(kind.word()).map_err(said)?);
        Ok(Expr::Is { expr: Arc::new(Expr::Var(Var::Resource)), entity_type, in_expr: None })
    };
    // Without these a rule about everything but a type would speak of whole sites, and of commands without servers.
    let about = if on.speaks_of_servers_only() {
        is(Kind::Server)?
    } else {
        Expr::BinaryOp { op: BinaryOp::Or, left: Arc::new(is(Kind::Server)?), right: Arc::new(is(Kind::Site)?) }
    };
    let within = [types(&on.types)?, sites(&on.sites)?, pools(&on.pools)?].into_iter().flatten().map(when);
    let outside = [types(&on.not_types)?, sites(&on.not_sites)?, pools(&on.not_pools)?];
    let outside = outside.into_iter().flatten().map(|expr| Clause::Unless(Arc::new(expr)));
    Ok(std::iter::once(when(about)).chain(within).chain(outside).collect())
}

fn in_channel(channel: &ChannelName) -> Result<Clause, String> {
    let here = Expr::Literal(pst::Literal::EntityUID(uid(Kind::Channel, channel.as_str())?));
    Ok(when(Expr::BinaryOp { op: BinaryOp::Eq, left: context("channel"), right: Arc::new(here) }))
}

/// `var in [Kind::"a", Kind::"b"]`; `None` without names.
fn is_in<'n>(var: Var, kind: Kind, names: impl IntoIterator<Item = &'n str>) -> Result<Option<Expr>, String> {
    let left = Arc::new(Expr::Var(var));
    Ok(set(kind, names)?.map(|right| Expr::BinaryOp { op: BinaryOp::In, left, right }))
}

fn set<'n>(kind: Kind, names: impl IntoIterator<Item = &'n str>) -> Result<Option<Arc<Expr>>, String> {
    let mut items = Vec::new();
    for name in names {
        items.push(Arc::new(Expr::Literal(pst::Literal::EntityUID(uid(kind, name)?))));
    }
    Ok((!items.is_empty()).then(|| Arc::new(Expr::Set(items))))
}

/// True where one of them is; without both it is true nowhere.
fn either(one: Option<Expr>, other: Option<Expr>) -> Expr {
    match (one, other) {
        (Some(left), Some(right)) => Expr::BinaryOp { op: BinaryOp::Or, left: Arc::new(left), right: Arc::new(right) },
        (one, other) => one.or(other).unwrap_or(Expr::Literal(pst::Literal::Bool(false))),
    }
}

fn context(attribute: &str) -> Arc<Expr> {
    Arc::new(Expr::GetAttr { expr: Arc::new(Expr::Var(Var::Context)), attr: attribute.into() })
}

fn when(expr: Expr) -> Clause {
    Clause::When(Arc::new(expr))
}

fn uid(kind: Kind, id: &str) -> Result<pst::EntityUID, String> {
    let name = pst::Name::unqualified(kind.word()).map_err(said)?;
    Ok(pst::EntityUID { ty: pst::EntityType::from_name(name), eid: id.into() })
}

#[expect(clippy::needless_pass_by_value, reason = "what map_err hands over")]
fn said(cause: impl ToString) -> String {
    cause.to_string()
}
