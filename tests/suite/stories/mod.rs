//! Stories: whole conversations, compared as people see them.

mod rebooting;
