// What a proposal would do, read from its calldata.

import { parameterValue, show } from './fields.js';
import * as as from './format.js';

const CLASS = ['asset', 'storage'];

const number = word => BigInt(`0x${word}`);
const address = word => `0x${word.slice(24)}`;
const seconds = word => `${as.count(number(word))} seconds`;

const parameter =
  (name, words = number) =>
  ([word]) => [parameterValue(name, words(word))];

/** Selector, what it does in words, and its arguments to show. Only what is voted on in practice. */
const CALLS = {
  '0xedead9a5': ['Set the transfer fee to', parameter('transferFeeRate')],
  '0x7d8b79a0': ['Set the exit fee to', parameter('exitFeeRate')],
  '0xec5008f4': ['Set the gas price of small chains to', parameter('dleGasPrice')],
  '0xd6084452': [
    'Set the stake for a seat as',
    ([role, stake]) => [as.roles(as.roleNames(number(role))), ' to ', as.conet(number(stake))],
  ],
  '0x6e71b7b1': [
    'Set the rent of',
    ([kind, rent]) => [`${CLASS[Number(number(kind))]} chains to `, parameterValue('rentPerDay', number(rent))],
  ],
  '0x398eaf81': [
    'Set the fee of names with',
    ([length, fee]) => [`${number(length)} characters to `, as.conet(number(fee))],
  ],
  '0x37b77a66': ['Burn name fees:', ([word]) => [number(word) ? 'yes' : 'no']],
  '0x724e78da': ['Take the price from', parameter('priceFeed', address)],
  '0x8a0dac4a': ['Name as guardian', parameter('guardian', address)],
  '0xa27cd0e8': ['Approve the stablecoin', ([word]) => [as.wallet(address(word))]],
  '0x3b947d2b': ['Remove the stablecoin', ([word]) => [as.wallet(address(word))]],
  '0xe06e60a5': ['Delist the asset', ([word]) => [as.hash(`0x${word}`)]],
  '0xda8fbf2a': ['Pause minting', () => []],
  '0xae200322': ['Let minting go on', () => []],
  '0xece40cc1': ['Set the votes that a proposal needs to', ([word]) => [as.conet(number(word))]],
  '0x79051887': ['Set the wait before a vote to', ([word]) => [seconds(word)]],
  '0xe540d01d': ['Set the time for a vote to', ([word]) => [seconds(word)]],
  '0x06f3f9e6': ['Set the quorum to', ([word]) => [`${number(word)}% of all CoNET`]],
  '0x64d62353': ['Set the wait before execution to', ([word]) => [seconds(word)]],
};

const words = data => data.slice(10).match(/.{64}/g) ?? [];

/** One action of a proposal, in words where they are known; else as it stands. */
export const call = (target, calldata, value) => {
  const known = CALLS[calldata.slice(0, 10)];
  const paid = value && value !== '0' ? [' with ', as.conet(value)] : [];
  const on = [' on ', as.wallet(target)];
  if (known) {
    try {
      const [text, read] = known;
      return [text, ' ', ...read(words(calldata)), ...on, ...paid];
    } catch {
      // The arguments are not what this call takes: it is shown as it stands.
    }
  }
  return ['Call ', show('proposals', 'calldata', calldata), ...on, ...paid];
};
