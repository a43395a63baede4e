"""Makes a data directory of a Confab's format, through its HTTP API and WebSocket: see README.md beside this file."""
import asyncio, json, os, signal, subprocess, sys, urllib.request
import websockets

confab, folder = sys.argv[1:3]
PASSWORD = "correct horse battery"


def start(day, *flags):
    env = dict(os.environ, FAKETIME_DONT_FAKE_MONOTONIC="1")
    process = subprocess.Popen(["faketime", f"2026-11-{day} 12:00:00", confab, "--data", folder, "--listen", "127.0.0.1:0", *flags],
                               stdout=subprocess.PIPE, text=True, env=env, start_new_session=True)
    for line in process.stdout:
        if line.startswith("CONFAB_READY"):
            return process, line.split()[1].removeprefix("http=")
    sys.exit("no ready line")


def stop(process):
    os.killpg(process.pid, signal.SIGTERM)
    process.stdout.read()
    process.wait()


class User:
    def __init__(self, base, handle, signup):
        self.base, self.handle = base, handle
        call = "signup" if signup else "login"
        session = http(base, "POST", f"/v1/{call}", {"handle": handle, "password": PASSWORD, "device": {"name": "old phone"}})
        self.id, self.token = session["user"], session["access_token"]

    def call(self, method, path, body=None):
        return http(self.base, method, path, body, self.token)

    def dm(self, other):
        return "dm_" + "_".join(sorted([self.id[4:], other.id[4:]]))

    def send(self, conversation, name, text):
        return self.call("POST", f"/v1/conversations/{conversation}/messages", {"client_message_id": name, "text": text})

    async def frames(self, *frames):
        ticket = self.call("POST", "/v1/tickets")
        async with websockets.connect(ticket["url"]) as socket:
            answers = []
            for frame in frames:
                await socket.send(json.dumps(frame))
                answers.append(json.loads(await socket.recv()))
            return answers


def http(base, method, path, body=None, token=None):
    headers = {"content-type": "application/json"} | ({"authorization": f"Bearer {token}"} if token else {})
    request = urllib.request.Request(base + path, method=method, headers=headers, data=None if body is None else json.dumps(body).encode())
    with urllib.request.urlopen(request) as answer:
        text = answer.read()
        return json.loads(text) if text else None


def lasting(base):
    alice, bob, carol, dave = (User(base, handle, True) for handle in ("alice", "bob", "carol", "dave"))
    for one, other in ((alice, bob), (bob, alice), (alice, carol)):
        one.call("PUT", f"/v1/contacts/{other.id}")
    alice.call("PUT", f"/v1/blocks/{dave.id}")
    bob.call("PUT", "/v1/devices/self/push", {"platform": "fcm", "token": "token-of-bob"})
    dm = alice.dm(bob)
    for n in range(1, 41):
        alice.send(dm, f"lasting-{n}", f"lasting {n}" + (" and long" * 400 if n == 7 else ""))
    bob.send(dm, "from-bob", "hello back")
    group = alice.call("POST", "/v1/groups", {"name": "old friends", "members": [bob.id, carol.id]})["group"]
    alice.send(group, "group-1", "welcome")
    alice.call("DELETE", f"/v1/groups/{group}/members/{carol.id}")
    alice.send(group, "group-2", "without carol")
    alice.call("PUT", f"/v1/groups/{group}/members/{carol.id}", {})
    carol.send(group, "group-3", "back again")
    bob.call("DELETE", f"/v1/groups/{group}/members/{bob.id}")
    bob.call("PATCH", f"/v1/conversations/{dm}", {"muted_until_ms": 4102444800000})
    asyncio.run(bob.frames({"action": "read", "id": "r", "conversation": dm, "seq": 20}))
    return group


def expiring(base):
    alice, bob, carol = (User(base, handle, False) for handle in ("alice", "bob", "carol"))
    expiring_dm = alice.dm(carol)
    for n in range(1, 12):
        alice.send(expiring_dm, f"expiring-{n}", f"expiring {n}")
    asyncio.run(carol.frames({"action": "read", "id": "r", "conversation": expiring_dm, "seq": 11}))


process, base = start(10)
group = lasting(base)
stop(process)
process, base = start(11, "--retention-days", "1")
expiring(base)
stop(process)
print(group)
