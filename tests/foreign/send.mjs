// Sends a text to a CoNET wallet with nothing but OpenPGP.js and HTTP.
//
//   node send.mjs RECIPIENT_CERT AGENT_CERT RELAY_URL TEXT [--armored]
//
// Certificates are armored files. Prints one line of JSON: the relay's answer.
import { readFile } from 'node:fs/promises';
import * as openpgp from 'openpgp';

const [recipientFile, agentFile, relay, text, armored] = process.argv.slice(2);
const certificate = async file => openpgp.readKey({ armoredKey: await readFile(file, 'utf8') });
const [recipient, agent] = await Promise.all([certificate(recipientFile), certificate(agentFile)]);
const format = armored === '--armored' ? 'armored' : 'binary';

const seal = async (message, encryptionKeys) => openpgp.encrypt({ message, encryptionKeys, format });
const inner = await seal(await openpgp.createMessage({ text }), recipient);
const wrapped = format === 'armored' ? { text: inner } : { binary: inner };
const outer = await seal(await openpgp.createMessage(wrapped), agent);

const response = await fetch(`${relay}/post`, { method: 'POST', body: outer });
const keyVersion = recipient.keyPacket.version;
console.log(JSON.stringify({ status: response.status, text: await response.text(), keyVersion }));
