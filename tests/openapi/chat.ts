// Two people chat through a client whose types were generated from openapi.json. Takes the address of a server.

import assert from "node:assert/strict";
import createClient from "openapi-fetch";

import type { components, paths } from "./generated/api.js";

type Session = components["schemas"]["Session"];

const baseUrl = process.argv[2];
assert.ok(baseUrl, "the address of a server");
const open = createClient<paths>({ baseUrl });

function clientOf(session: Session) {
  return createClient<paths>({ baseUrl: baseUrl!, headers: { Authorization: `Bearer ${session.access_token}` } });
}

async function signUp(handle: string): Promise<Session> {
  const { data, error } = await open.POST("/v1/signup", { body: { handle, password: "correct horse" } });
  assert.ok(data, error?.error.message);
  return data;
}

const suffix = Date.now().toString(36);
const [alice, bob] = [await signUp(`ts_a_${suffix}`), await signUp(`ts_b_${suffix}`)];

const login = await open.POST("/v1/login", { body: { handle: `ts_a_${suffix}`, password: "correct horse" } });
assert.ok(login.data);
const alices = clientOf(login.data);
const bobs = clientOf(bob);

const created = await alices.POST("/v1/groups", { body: { name: "Garden", members: [bob.user] } });
assert.ok(created.data);
const conversation = created.data.group;
const role: "owner" | "admin" | "member" | undefined = created.data.members.find(({ user }) => user === alice.user)?.role;
assert.equal(role, "owner");

const path = { conversation };
const body = { client_message_id: "c1", text: "hello" };
const sent = await alices.POST("/v1/conversations/{conversation}/messages", { params: { path }, body });
assert.equal(sent.data?.duplicate, false);

const list = await bobs.GET("/v1/conversations");
const row: components["schemas"]["Conversation"] | undefined = list.data?.conversations[0];
assert.equal(row?.conversation, conversation);
assert.equal(row.last_message?.text, "hello");

const page = await bobs.GET("/v1/conversations/{conversation}/messages", { params: { path, query: { limit: 1 } } });
assert.deepEqual(page.data?.messages.map(({ seq, text }) => [seq, text]), [[sent.data?.seq, "hello"]]);

const refused = await bobs.DELETE("/v1/groups/{group}", { params: { path: { group: conversation } } });
const code: "forbidden" | string | undefined = refused.error?.error.code;
assert.equal(code, "forbidden");
assert.equal(refused.response.status, 403);
console.log("chatted through a generated TypeScript client");
