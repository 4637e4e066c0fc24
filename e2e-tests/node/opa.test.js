// policy.opa.wasm in its npm host. Hosts call a module with `opa_eval`, or with the context of the older ABI, as
// Kubewarden does. The tests use both.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, test } from "node:test";
import { loadPolicy } from "@open-policy-agent/opa-wasm";

const path = process.env.POLICY_OPA_WASM;
if (!path) {
  throw new Error("set POLICY_OPA_WASM to the module, as `make test-opa` does");
}
const wasm = readFileSync(path);

const NAME = "eci_security_context";
const SECRET = "s3cr3t-token";

/** A pod on ECI. Its only container has this security context. */
const pod = (securityContext, fields = {}) => ({
  apiVersion: "v1",
  kind: "Pod",
  metadata: { name: "web", labels: { "alibabacloud.com/eci": "true" } },
  spec: { containers: [{ name: "main", image: "nginx", securityContext }], ...fields },
});

const creating = (object) => ({
  uid: "705ab4f5",
  kind: { group: "", version: "v1", kind: "Pod" },
  operation: "CREATE",
  object,
});

const GOOD = creating(pod({}));
const DENIED = creating(pod({ privileged: true }));
const REPAIRED = creating(pod({ capabilities: { add: ["CAP_NET_ADMIN"] } }));
const WARNED = creating(pod({ readOnlyRootFilesystem: false }));

/** The text in an ArrayBuffer, which the host passes on unchanged. */
const bytes = (text) => new TextEncoder().encode(text).buffer;

const load = async (way, memory) => {
  const policy = await loadPolicy(wasm, memory);
  assert.equal(policy.minorVersion, 3);
  if (way === "context") {
    policy.minorVersion = 1;
  }
  const result = (input, entryPoint) => {
    const bindings = policy.evaluate(input, entryPoint);
    assert.equal(bindings.length, 1);
    return bindings[0].result;
  };
  return { policy, result };
};

const assertDenied = (response, code, says) => {
  assert.equal(response.allowed, false);
  assert.equal(response.status.code, code);
  assert.match(response.status.message, says);
};

for (const way of ["opa_eval", "context"]) {
  describe(`by ${way}`, () => {
    test("an input with `request` gets an AdmissionResponse", async () => {
      const { result } = await load(way);
      for (const entryPoint of [0, NAME, `${NAME}/validate`]) {
        assert.deepEqual(result({ request: GOOD }, entryPoint), {
          response: { uid: "705ab4f5", allowed: true },
        });
        const { response } = result({ request: DENIED }, entryPoint);
        assert.equal(response.uid, "705ab4f5");
        assertDenied(response, 403, /^\[privileged\] spec\.containers\[0\]/);
        assert.equal(JSON.parse(response.auditAnnotations.findings)[0].rule, "privileged");
      }
      const { response } = result({ request: WARNED });
      assert.equal(response.allowed, true);
      assert.match(response.warnings[0], /^root-filesystem: /);
    });

    test("a repair is a JSON Patch in base64", async () => {
      const { result } = await load(way);
      const { response } = result({ request: REPAIRED });
      assert.equal(response.allowed, true);
      assert.equal(response.patchType, "JSONPatch");
      assert.deepEqual(JSON.parse(Buffer.from(response.patch, "base64").toString()), [
        {
          op: "replace",
          path: "/spec/containers/0/securityContext/capabilities/add/0",
          value: "NET_ADMIN",
        },
      ]);
      assert.match(response.warnings[0], /^capability-name: .* \(repaired: /);
    });

    test("an input with `review` gets violations", async () => {
      const { result } = await load(way);
      for (const entryPoint of [0, `${NAME}/violation`]) {
        assert.deepEqual(result({ review: GOOD, parameters: {} }, entryPoint), []);
        assert.deepEqual(result({ review: WARNED, parameters: null }, entryPoint), []);
        const [violation, ...others] = result({ review: DENIED }, entryPoint);
        assert.deepEqual(others, []);
        assert.match(violation.msg, /^\[privileged\] spec\.containers\[0\]/);
        assert.deepEqual(violation.details, {
          rule: "privileged",
          path: "spec.containers[0].securityContext.privileged",
          action: "deny",
          effect: "refused",
        });
      }
    });

    test("Gatekeeper denies a pod that it would have to repair, under any `mutate`", async () => {
      const { result } = await load(way);
      for (const mutate of ["none", "pods", "all"]) {
        const [violation] = result({ review: REPAIRED, parameters: { mutate } });
        assert.equal(violation.details.rule, "capability-name");
      }
    });

    test("an entry point decides the shape of its answer", async () => {
      const { policy, result } = await load(way);
      assert.deepEqual(policy.entrypoints, {
        [NAME]: 0,
        [`${NAME}/validate`]: 1,
        [`${NAME}/mutate`]: 2,
        [`${NAME}/violation`]: 3,
      });
      assert.equal(result({ review: DENIED }, `${NAME}/validate`).response.allowed, false);
      assert.equal(result({ request: DENIED }, `${NAME}/violation`).length, 1);
      const both = creating(
        pod({ capabilities: { add: ["CAP_CHOWN"] } }, { hostNetwork: true }),
      );
      const { response } = result({ request: both }, `${NAME}/mutate`);
      assertDenied(response, 403, /host-namespaces/);
      assert.match(Buffer.from(response.patch, "base64").toString(), /"CHOWN"/);
    });

    test("the settings are data, or in the input", async () => {
      const { policy, result } = await load(way);
      const approved = { approved: { privileged: true } };
      policy.setData({ ...approved, kubernetes: { "v1/Namespace": [] }, system: { bundles: {} } });
      assert.equal(result({ request: DENIED }).response.allowed, true);
      assert.equal(result({ request: DENIED, settings: {} }).response.allowed, false);
      assert.equal(result({ review: DENIED }).length, 1, "data is Gatekeeper's inventory");
      assert.deepEqual(result({ review: DENIED, parameters: approved }), []);
      policy.setData(bytes("null"));
      assert.equal(result({ request: DENIED }).response.allowed, false);
    });

    test("settings that cannot be used are refused", async () => {
      const { policy, result } = await load(way);
      for (const settings of [
        { mutat: "none" },
        { mutate: "never" },
        { scope: { namespaceLabels: true } },
        [],
        "none",
        { kubernetes: {}, actions: 1 },
      ]) {
        policy.setData(settings);
        assertDenied(result({ request: GOOD }).response, 422, /^settings/);
        policy.setData({});
        const [violation] = result({ review: GOOD, parameters: settings });
        assert.match(violation.msg, /^settings/);
        assert.deepEqual(violation.details, { code: 422 });
        assert.equal(result({ request: GOOD }).response.allowed, true);
      }
    });

    test("bad input gets an answer, and the next input another", async () => {
      const { result } = await load(way);
      const arrays = "[".repeat(100_000);
      const unreadable = [
        "null",
        "{}",
        "[]",
        "4",
        `"${SECRET}"`,
        `{"request":null}`,
        `{"review":"${SECRET}"}`,
        `{"request":{"uid":["${SECRET}"],"object":"${SECRET}"}}`,
        JSON.stringify({ request: creating({ ...pod({}), spec: SECRET }) }),
        JSON.stringify({ review: creating(pod({ privileged: SECRET })) }),
        `[${arrays}${"]".repeat(100_000)}]`,
      ];
      const invalidJson = [" ", SECRET, "{'request':1}", `{"request":`, `{} {}`, `"\xff`, arrays];
      for (const entryPoint of [1, 2, 3, 0]) {
        for (const text of [...unreadable, ...invalidJson]) {
          let answer;
          try {
            answer = result(bytes(text), entryPoint);
          } catch (error) {
            assert.equal(way, "context", "by opa_eval, invalid JSON gets an answer");
            assert.ok(invalidJson.includes(text), text);
            assert.equal(error, "failed to parse json value");
          }
          if (answer !== undefined) {
            const isResponse =
              entryPoint === 1 || entryPoint === 2 || (entryPoint === 0 && "response" in answer);
            const message = isResponse ? answer.response.status.message : answer[0].msg;
            assert.equal(isResponse ? answer.response.allowed : answer.length, isResponse ? false : 1);
            assert.match(message, /^the request cannot be read: /, text);
            assert.ok(!JSON.stringify(answer).includes(SECRET), text);
          }
          assert.equal(result({ request: GOOD }).response.allowed, true);
          assert.equal(result({ review: DENIED }).length, 1);
        }
      }
      // The host passes an empty value on if there is no input.
      assert.equal(result(undefined).length, 1);
      assert.equal(result(undefined, `${NAME}/validate`).response.allowed, false);
    });

    test("the deepest accepted JSON fits on the stack", async () => {
      const { policy, result } = await load(way);
      const nested = (levels, leaf) => "[".repeat(levels) + leaf + "]".repeat(levels);
      policy.setData(bytes(`{"exempt":${nested(120, "")}}`));
      assertDenied(result({ request: GOOD }).response, 422, /^settings/);
      policy.setData({});
      const template = (leaf) =>
        `{"spec":{"template":{"x":${nested(120, leaf)},"spec":{"containers":[]}}}}`;
      const update = `{"request":{"kind":{"group":"apps","kind":"Deployment"},"operation":"UPDATE","object":${template(1)},"oldObject":${template(2)}}}`;
      assert.equal(result(bytes(update)).response.allowed, true);
    });

    test("100,000 evaluations in one instance do not grow the memory", async () => {
      const { policy, result } = await load(way);
      const inputs = [{ request: REPAIRED }, { review: DENIED }, { request: [SECRET] }].map((input) =>
        bytes(JSON.stringify(input)),
      );
      const all = () => inputs.map((input) => JSON.stringify(result(input)));
      const first = all();
      const pages = policy.mem.buffer.byteLength;
      for (let evaluation = 0; evaluation < 100_000; evaluation += inputs.length) {
        for (const input of inputs) {
          policy.evaluate(input);
        }
      }
      assert.deepEqual(all(), first);
      assert.equal(policy.mem.buffer.byteLength, pages);
    });

    test("an instance still works after a trap", async () => {
      // The memory is large enough for the input, but not for its evaluation.
      const { policy, result } = await load(way, { initial: 5, maximum: 12 });
      const sysctls = Array.from({ length: 6000 }, (_, index) => ({ name: `vm.x${index}`, value: SECRET }));
      const annotations = { "k8s.aliyun.com/eci-host-sysctls": JSON.stringify(sysctls) };
      const large = pod({});
      Object.assign(large.metadata, { annotations });
      const huge = bytes(JSON.stringify({ request: creating(large) }));
      for (let trap = 0; trap < 1000; trap++) {
        assert.throws(() => policy.evaluate(huge), WebAssembly.RuntimeError);
      }
      assert.equal(result({ request: GOOD }).response.allowed, true);
      assert.equal(result({ request: DENIED }).response.allowed, false);
    });
  });
}

test("hosts accept the size and the imports of the module", () => {
  const module = new WebAssembly.Module(wasm);
  assert.deepEqual(WebAssembly.Module.imports(module), [
    { module: "env", name: "memory", kind: "memory" },
  ]);
  const memory = (initial) => new WebAssembly.Memory({ initial });
  new WebAssembly.Instance(module, { env: { memory: memory(5) } });
  assert.ok(wasm.length <= 450_000, `${wasm.length} bytes`);
});

test("the exports that only OPA's Go SDK calls", async () => {
  const { policy } = await load("opa_eval");
  const { exports } = policy.wasmInstance;
  const { mem } = policy;
  const write = (text) => {
    const encoded = new TextEncoder().encode(text);
    const address = exports.opa_malloc(encoded.length);
    new Uint8Array(mem.buffer).set(encoded, address);
    return [address, encoded.length];
  };
  const string = (address) => {
    const memory = new Uint8Array(mem.buffer);
    return new TextDecoder().decode(memory.subarray(address, memory.indexOf(0, address)));
  };
  const value = (text) => {
    const [address, length] = write(text);
    const parsed = exports.opa_value_parse(address, length);
    exports.opa_free(address);
    return parsed;
  };
  const data = value(`{"approved":{"capabilities":["BPF"]}}`);
  assert.equal(exports.opa_value_add_path(data, value(`["approved","privileged"]`), value("true")), 0);
  assert.equal(exports.opa_value_remove_path(data, value(`["approved","capabilities"]`)), 0);
  assert.equal(exports.opa_value_add_path(data, value("1"), value("true")), 3);
  assert.equal(string(exports.opa_value_dump(data)), `{"approved":{"privileged":true}}`);
  assert.equal(string(exports.opa_json_dump(data)), `{"approved":{"privileged":true}}`);
  assert.equal(value("{1,2"), 0);
  exports.opa_value_free(data);
  exports.opa_heap_blocks_stash();
  exports.opa_heap_blocks_restore();
  exports.opa_heap_stash_clear();
  const [input, length] = write(JSON.stringify({ review: GOOD }));
  const answer = exports.opa_eval(0, 3, data, input, length, exports.opa_heap_ptr_get(), 1);
  assert.equal(string(answer), `{{"result":[]}}`);
});
