// Answers, for each line of JSON on standard input, which of its requests an AWS policy allows.
// A line: {account, policy, controls, restricted, questions: {name: [{principal, action, resource, context}]}}.
// The answer: {name: index of the first allowed request, or -1}, or {error}. Principal null: unsigned.
import readline from 'node:readline'
import { pathToFileURL } from 'node:url'
import path from 'node:path'

const root = path.resolve(process.argv[2], 'node_modules/@cloud-copilot')
const simulator = path.join(root, 'iam-simulate/dist/esm')
const load = (file) => import(pathToFileURL(file))
const { anonymousPrincipal } = await load(path.join(simulator, 'index.js'))
const { authorize } = await load(path.join(simulator, 'core_engine/CoreSimulatorEngine.js'))
const { AwsRequestImpl } = await load(path.join(simulator, 'request/request.js'))
const { RequestContextImpl } = await load(path.join(simulator, 'requestContext.js'))
const { DiscoveryContextKeyConstraints } = await load(
  path.join(simulator, 'context_keys/discoveryContextKeyConstraints.js'),
)
const { loadPolicy } = await load(path.join(root, 'iam-policy/dist/esm/index.js'))

const everything = { Version: '2012-10-17', Statement: [{ Effect: 'Allow', Action: '*', Resource: '*' }] }
const own = loadPolicy(everything, { name: 'own' })
const everybody = { Version: '2012-10-17', Statement: [{ ...everything.Statement[0], Principal: '*' }] }
const full = loadPolicy(everybody, { name: 'RCPFullAWSAccess' })
const simulationParameters = {
  simulationMode: 'Strict',
  discoveryContextKeyConstraints: new DiscoveryContextKeyConstraints([]),
}

function allows(line, policy, asked) {
  const request = new AwsRequestImpl(
    asked.principal ?? anonymousPrincipal,
    { resource: asked.resource, accountId: line.account },
    asked.action,
    new RequestContextImpl(asked.context),
  )
  const analysis = authorize({
    request,
    sessionPolicy: undefined,
    identityPolicies: asked.principal === null ? [] : [own],
    serviceControlPolicies: [],
    resourceControlPolicies: line.controls.map((document, at) => ({
      orgIdentifier: `ou-${at}`,
      policies: [full, loadPolicy(document, { name: `control ${at}` })],
    })),
    resourcePolicy: policy,
    permissionBoundaries: undefined,
    vpcEndpointPolicies: undefined,
    simulationParameters,
    serviceSettings: { s3: { blockPublicAccess: line.restricted === true } },
  })
  return analysis.result === 'Allowed'
}

for await (const text of readline.createInterface({ input: process.stdin })) {
  const line = JSON.parse(text)
  const answer = {}
  try {
    const policy = loadPolicy(line.policy, { name: 'resource' })
    for (const [name, requests] of Object.entries(line.questions)) {
      answer[name] = requests.findIndex((asked) => allows(line, policy, asked))
    }
  } catch (error) {
    answer.error = String(error)
  }
  process.stdout.write(JSON.stringify(answer) + '\n')
}
