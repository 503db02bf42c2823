//! Where servers are listed, with the addresses and credential names that drivers need.
