// Runs every audit of the package graphql-http against a running desk, and passes only when
// each of them does: those that the specification merely recommends, too.
//
//   DOCKET_URL    the GraphQL endpoint, such as http://127.0.0.1:8080/graphql
//   DOCKET_TOKEN  a bearer token of that desk

import { serverAudits } from 'graphql-http';

// Fewer audits than this would mean that the suite has been cut down.
const AUDITS_KNOWN = 61;

const { DOCKET_URL: url, DOCKET_TOKEN: token } = process.env;
if (!url || !token) {
  console.error('audit: DOCKET_URL and DOCKET_TOKEN must be set.');
  process.exit(2);
}

const withToken = (input, init = {}) =>
  fetch(input, { ...init, headers: { ...init.headers, authorization: `Bearer ${token}` } });

/** One audit's result; an audit that cannot run at all is a failed one. */
async function resultOf(audit) {
  try {
    return await audit.fn();
  } catch (error) {
    return { ...audit, status: 'error', reason: String(error.cause ?? error) };
  }
}

const audits = serverAudits({ url, fetchFn: withToken });
let passed = 0;
for (const audit of audits) {
  const { id, name, status, reason } = await resultOf(audit);
  if (status === 'ok') passed += 1;
  console.log(`${status === 'ok' ? 'pass' : 'FAIL'} ${id} ${name}${reason ? `: ${reason}` : ''}`);
}

console.log(`graphql-http: ${passed} of ${audits.length} audits passed`);
if (audits.length < AUDITS_KNOWN) {
  console.error(`audit: the suite has ${audits.length} audits where ${AUDITS_KNOWN} are known.`);
}
process.exitCode = passed === audits.length && audits.length >= AUDITS_KNOWN ? 0 : 1;
