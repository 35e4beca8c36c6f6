// Addresses as the index writes them: the case of their letters is a checksum (EIP-55). Who types small letters, or asks
// by them, means the same wallet; who types a mixed case that does not fit has made a mistake.

const MASK = (1n << 64n) - 1n;
const RATE = 136;

const rotate = (lane, by) => ((lane << by) | (lane >> (64n - by))) & MASK;

/** Keccak-f[1600] on 25 lanes, lane [x][y] at x + 5 * y. */
const permute = lanes => {
  let register = 1;
  for (let round = 0; round < 24; round += 1) {
    const columns = [0, 1, 2, 3, 4].map(x => lanes[x] ^ lanes[x + 5] ^ lanes[x + 10] ^ lanes[x + 15] ^ lanes[x + 20]);
    for (let at = 0; at < 25; at += 1) lanes[at] ^= columns[(at + 4) % 5] ^ rotate(columns[(at + 1) % 5], 1n);
    let [x, y, moving] = [1, 0, lanes[1]];
    for (let step = 0; step < 24; step += 1) {
      [x, y] = [y, (2 * x + 3 * y) % 5];
      [moving, lanes[x + 5 * y]] = [lanes[x + 5 * y], rotate(moving, BigInt((((step + 1) * (step + 2)) / 2) % 64))];
    }
    for (let row = 0; row < 25; row += 5) {
      const old = lanes.slice(row, row + 5);
      for (let at = 0; at < 5; at += 1) lanes[row + at] = old[at] ^ (~old[(at + 1) % 5] & MASK & old[(at + 2) % 5]);
    }
    for (let bit = 0; bit < 7; bit += 1) {
      register = ((register << 1) ^ ((register >> 7) * 0x71)) & 0xff;
      if (register & 2) lanes[0] ^= 1n << ((1n << BigInt(bit)) - 1n);
    }
  }
};

/** Keccak-256 of a text that fits in one block, as hexadecimal digits. */
const keccak = text => {
  const block = new Uint8Array(RATE);
  block.set(new TextEncoder().encode(text));
  block[text.length] = 1;
  block[RATE - 1] |= 0x80;
  const [view, lanes] = [new DataView(block.buffer), new Array(25).fill(0n)];
  for (let at = 0; at < RATE / 8; at += 1) lanes[at] = view.getBigUint64(8 * at, true);
  permute(lanes);
  const out = new DataView(new ArrayBuffer(32));
  for (let at = 0; at < 4; at += 1) out.setBigUint64(8 * at, lanes[at], true);
  return Array.from(new Uint8Array(out.buffer), byte => byte.toString(16).padStart(2, '0')).join('');
};

export const isAddress = text => /^0x[0-9a-f]{40}$/i.test(text);

/** An address with its checksum. */
export const checksummed = address => {
  const digits = address.slice(2).toLowerCase();
  const hash = keccak(digits);
  return `0x${[...digits].map((digit, at) => (parseInt(hash[at], 16) >= 8 ? digit.toUpperCase() : digit)).join('')}`;
};

/** Whether an address has no checksum, or one that fits. */
export const fits = address => {
  const digits = address.slice(2);
  return digits === digits.toLowerCase() || digits === digits.toUpperCase() || address === checksummed(address);
};
