// Calls operations with the official Node packages and prints what came back, one JSON object.
// Arguments: host:port, key id, key secret, project, dataset, URI.

import openapi, { $OpenApiUtil } from '@alicloud/openapi-core';
import older from '@alicloud/openapi-client';
import RPCClient from '@alicloud/pop-core';
import { RuntimeOptions as OlderRuntime } from '@alicloud/tea-util';

const [address, keyId, secret, project, dataset, uri] = process.argv.slice(2);
const names = { ProjectName: project, DatasetName: dataset };
const { default: Core } = openapi;
const seen = {};

function config(Config, extra = {}) {
  return new Config({
    accessKeyId: keyId, accessKeySecret: secret, endpoint: address, protocol: 'http', ...extra,
  });
}

function params(Params, action, method = 'POST') {
  return new Params({
    action, version: '2020-09-30', protocol: 'HTTP', pathname: '/', method, authType: 'AK',
    style: 'RPC', reqBodyType: 'formData', bodyType: 'json',
  });
}

async function refusal(promise) {
  try {
    await promise;
    return 'no refusal';
  } catch (error) {
    return { name: error.name, code: error.code, status: error.statusCode ?? error.data?.statusCode,
      requestId: Boolean(error.requestId ?? error.data?.RequestId) };
  }
}

// the current generation, in every style of signature
for (const [label, extra] of [['v3', {}], ['v1', { signatureAlgorithm: 'v2' }]]) {
  const { OpenApiRequest, Params, Config } = $OpenApiUtil;
  const client = new Core(config(Config, extra));
  const call = (action, request, method) =>
    client.callApi(params(Params, action, method), new OpenApiRequest(request), {});
  const inQuery = await call('GetBinding', { query: { ...names, URI: uri } });
  const inForm = await call('FuzzyQuery', { body: { ...names, Query: "文/c" } });
  const special = await call('FuzzyQuery', { query: { ...names, Query: "a b*!'()~+é/?&=" } });
  const got = await call('GetProject', { query: { ProjectName: project, WithStatistics: true } }, 'GET');
  seen[label] = {
    status: inQuery.statusCode,
    header: inQuery.headers['x-acs-request-id'] === inQuery.body.RequestId,
    state: inQuery.body.Binding.State,
    found: inForm.body.Files.map((file) => file.Filename),
    special: special.body.TotalHits,
    files: got.body.Project.FileCount,
    missing: await refusal(call('GetProject', { query: { ProjectName: 'nowhere' } })),
    unbuilt: await refusal(call('GetFigureCluster', { query: names })),
    unknown: await refusal(call('GetEverything', {})),
  };
  const wrong = new Core(config(Config, { ...extra, accessKeySecret: 'wrong' }));
  seen[label].wrong = await refusal(
    wrong.callApi(params(Params, 'ListProjects'), new OpenApiRequest({}), {}));
}

// the generation before it
{
  const client = new older.default(config(older.Config));
  const request = new older.OpenApiRequest({ body: { ...names, Query: '.gif' } });
  const answer = await client.callApi(params(older.Params, 'FuzzyQuery'), request, new OlderRuntime({}));
  seen.older = { files: answer.body.TotalHits };
  seen.older.missing = await refusal(client.callApi(
    params(older.Params, 'GetProject'), new older.OpenApiRequest({ query: { ProjectName: 'nowhere' } }),
    new OlderRuntime({})));
}

// the oldest: signatures in the query
{
  const client = new RPCClient({
    accessKeyId: keyId, accessKeySecret: secret, endpoint: `http://${address}`, apiVersion: '2020-09-30',
  });
  const get = await client.request('GetBinding', { ...names, URI: uri }, { method: 'GET', timeout: 30000 });
  const post = await client.request(
    'FuzzyQuery', { ...names, Query: '文/c', WithFields: '["Filename"]' }, { method: 'POST', timeout: 30000 });
  seen.pop = {
    state: get.Binding.State,
    files: post.Files,
    missing: await refusal(client.request('GetProject', { ProjectName: 'nowhere' }, { method: 'POST' })),
  };
}

console.log(JSON.stringify(seen));
