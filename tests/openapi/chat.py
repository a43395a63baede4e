"""Two people chat through a client that was generated from openapi.json. Takes the address of a server."""

import sys
import time

from confab_client import AuthenticatedClient, Client
from confab_client.api.accounts import log_in, sign_up
from confab_client.api.conversations import list_conversations, list_messages, send_message
from confab_client.api.groups import create_group, delete_group
from confab_client.models import ErrorAnswer, ErrorCode, Login, NewGroup, PostMessage, Role, Signup

base_url = sys.argv[1]
suffix = format(time.time_ns(), "x")[-12:]
anybody = Client(base_url=base_url)


def client_of(session):
    return AuthenticatedClient(base_url=base_url, token=session.access_token)


def new_user(handle):
    return sign_up.sync(client=anybody, body=Signup(handle=handle, password="correct horse"))


alice, bob = new_user(f"py_a_{suffix}"), new_user(f"py_b_{suffix}")
login = log_in.sync(client=anybody, body=Login(handle=f"py_a_{suffix}", password="correct horse"))
alices, bobs = client_of(login), client_of(bob)

group = create_group.sync(client=alices, body=NewGroup(name="Garden", members=[bob.user]))
assert [member.role for member in group.members if member.user == alice.user] == [Role.OWNER], group

message = PostMessage(client_message_id="c1", text="hello")
ack = send_message.sync(group.group, client=alices, body=message)
assert not ack.duplicate, ack
assert send_message.sync(group.group, client=alices, body=message).duplicate

rows = list_conversations.sync(client=bobs).conversations
assert [(row.conversation, row.last_message.text) for row in rows] == [(group.group, "hello")], rows
page = list_messages.sync(group.group, client=bobs, limit=1)
assert [(message.seq, message.text) for message in page.messages] == [(ack.seq, "hello")], page

refused = delete_group.sync_detailed(group.group, client=bobs)
assert isinstance(refused.parsed, ErrorAnswer) and refused.parsed.error.code == ErrorCode.FORBIDDEN, refused
print("chatted through a generated Python client")
