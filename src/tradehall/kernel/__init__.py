"""The kernel: records, rules, units and events; true without HTTP."""
