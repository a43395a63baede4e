"""What schemathesis needs to know of Confab: where to get a token, and what there is to ask for."""

import itertools
import time

import requests
import schemathesis

counter = itertools.count()
known = {}


def sign_up(base, handle):
    body = {"handle": handle, "password": "correct horse"}
    answer = requests.post(f"{base}/v1/signup", json=body, timeout=10)
    answer.raise_for_status()
    return answer.json()


@schemathesis.auth()
class Account:
    """One account, whose login outlives the run: the calls that end it are left out."""

    def get(self, case, context):
        base = case.operation.base_url.rstrip("/")
        unique = format(time.time_ns(), "x")[-12:]
        alice, bob = sign_up(base, f"st_a_{unique}"), sign_up(base, f"st_b_{unique}")
        token = alice["access_token"]
        group = requests.post(
            f"{base}/v1/groups",
            json={"name": "Garden", "members": [bob["user"]]},
            headers={"Authorization": f"Bearer {token}"},
            timeout=10,
        ).json()["group"]
        known.update(user=bob["user"], group=group, conversation=group)
        return token

    def set(self, case, data, context):
        case.headers = case.headers or {}
        case.headers["Authorization"] = f"Bearer {data}"
        # Half of the calls are about what there is; ids that are merely well-formed are of nothing.
        for name, value in known.items():
            if name in case.path_parameters and next(counter) % 2 == 0 and not deletes_a_group(case):
                case.path_parameters[name] = value


def deletes_a_group(case):
    return case.method.upper() == "DELETE" and "group" in case.path_parameters
