"""A verifier: passes an answer that is one right sum whose result is the reference."""

import json
import re
import sys

candidate = json.load(sys.stdin)
sum_ = re.fullmatch(r"\s*(\d+) \+ (\d+) = (\d+)\s*", candidate["completion"])
if not sum_:
    report = "The answer must be a sum, such as 1 + 2 = 3."
elif int(sum_[1]) + int(sum_[2]) != int(sum_[3]):
    report = f"{sum_[1]} + {sum_[2]} is not {sum_[3]}."
else:
    report = "" if int(sum_[3]) == candidate["reference"] else "These are not the numbers of the question."
print(json.dumps({"report": report}))
sys.exit(1 if report else 0)
