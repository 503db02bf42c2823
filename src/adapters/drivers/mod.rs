//! How servers are reached: ssh, redfish, haproxy, http.
