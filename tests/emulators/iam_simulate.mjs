// Answers whether policies of AWS allow one of several requests, for tests of the evaluator.
// A line of standard input is {identity, scps, principal, account, action, resource, contexts},
// with the service control policies of each level of the organisation; a line of
// standard output is the number of the first context that is allowed, -1, or "error: ...".
import { createInterface } from "node:readline";
import { runSimulation } from "@cloud-copilot/iam-simulate";

const named = (documents) =>
  (documents ?? []).map((policy, at) => ({ name: `p${at}`, policy }));

async function firstAllowed(question) {
  for (const [at, contextVariables] of question.contexts.entries()) {
    const found = await runSimulation(
      {
        request: {
          principal: question.principal,
          action: question.action,
          resource: { resource: question.resource, accountId: question.account },
          contextVariables,
        },
        identityPolicies: named(question.identity),
        serviceControlPolicies: (question.scps ?? []).map((level, at) => ({
          orgIdentifier: at === 0 ? "r-root" : `ou-root-${at}`,
          policies: named(level),
        })),
        resourceControlPolicies: [],
        permissionBoundaryPolicies: question.boundary ? named(question.boundary) : undefined,
        resourcePolicy: question.resourcePolicy ?? undefined,
      },
      {},
    );
    if (found.resultType === "error") return `error: ${JSON.stringify(found.errors)}`;
    if (found.overallResult === "Allowed") return at;
  }
  return -1;
}

for await (const line of createInterface({ input: process.stdin })) {
  let answer;
  try {
    answer = await firstAllowed(JSON.parse(line));
  } catch (error) {
    answer = `error: ${error.message}`;
  }
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
