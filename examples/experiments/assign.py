"""Which variant of an experiment does a conversation get? In Python, as the exporter answers it.

    python3 assign.py assignments.json
"""
import hashlib
import json
import sys


def variant(experiment, salt, weights, conversation_id):
    """weights: {variant: weight}"""
    digest = hashlib.sha256(f"{salt}\0{experiment}\0{conversation_id}".encode()).digest()
    point = (int.from_bytes(digest[:8], "big") >> 11) / 2**53
    order = sorted(weights, key=str.encode)
    ends, total = [], 0.0
    for name in order:
        total += weights[name]
        ends.append(total)
    return next((name for name, end in zip(order, ends) if point * total < end), order[-1])


if __name__ == "__main__":
    if len(sys.argv) != 2:
        print("usage: python3 assign.py assignments.json", file=sys.stderr)
        sys.exit(2)
    checked = wrong = 0
    for x in json.load(open(sys.argv[1], encoding="utf-8")):
        for a in x["assignments"]:
            got = variant(x["experiment"], x["salt"], x["weights"], a["conversation_id"])
            checked += 1
            if got != a["variant"]:
                wrong += 1
                print(f"{x['experiment']}, {a['conversation_id']}: got {got}, want {a['variant']}")
    print(f"{checked} assignments, {wrong} wrong")
    sys.exit(wrong > 0 or checked == 0)
