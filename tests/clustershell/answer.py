"""Answers each line `expression TAB folded by us` with what ClusterShell makes of both, as one JSON line."""
import json
import sys
from time import perf_counter

from ClusterShell.NodeSet import NodeSet

for line in sys.stdin:
    expression, folded = line.rstrip("\n").split("\t")
    try:
        begun = perf_counter()
        names = sorted(NodeSet(expression))
        expanded = perf_counter()
        text = str(NodeSet.fromlist(names))
        ended = perf_counter()
        answer = {"names": names, "folded": text, "ours": sorted(NodeSet(folded)),
                  "expand_s": expanded - begun, "fold_s": ended - expanded}
    except Exception as fault:  # Whatever it says is its answer.
        answer = {"refused": f"{type(fault).__name__}: {fault}"}
    print(json.dumps(answer))
