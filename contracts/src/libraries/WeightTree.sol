// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity ^0.8.28;

/// @title WeightTree
/// @notice Weights of up to 4096 leaves that remember every block: a draw uses them as they stood at the end of a past
///         block, whatever happened since.
/// @dev A sum tree of arity 4 that grows a level when a leaf needs it, so a small set stays cheap. A node is one word:
///      four sums of its children, the block that it holds from, and how many older words there are. So an update
///      writes one old and one new word a level, and a look-up of recent weights reads one word a level. (With 16
///      children as OpenZeppelin checkpoint traces an update takes four traces whatever the number of leaves, more than
///      this one does below 256, and a draw looks through up to 48 traces instead of 6 words.)
library WeightTree {
    /// @notice There is no such leaf.
    error LeafOutOfRange(uint256 leaf);

    /// @notice A sum would be more than `MAX_SUM`.
    error SumTooLarge(uint256 sum);

    /// @notice The point is not below the total.
    error PointOutOfRange(uint256 point);

    /// @dev Nodes by level and index. Level 0 is the one whose children are leaves.
    struct Tree {
        uint256 height;
        mapping(uint256 key => uint256 word) newest;
        mapping(uint256 key => mapping(uint256 index => uint256 word)) older;
    }

    /// @dev Highest number of leaves: 4^6.
    uint256 internal constant MAX_LEAVES = 4096;

    /// @dev Highest sum below a node other than the top: 46 bits.
    uint256 internal constant MAX_SUM = (1 << 46) - 1;

    /// @dev How many different leaves one seed can draw.
    uint256 internal constant MAX_DRAWS = 3;

    /// @dev A word: block in bits 0 to 35, number of older words in 36 to 71, four sums of 46 bits from 72 on. There
    ///      are never more words than blocks.
    uint256 private constant COUNT_SHIFT = 36;
    uint256 private constant SUMS_SHIFT = 72;
    uint256 private constant SUM_BITS = 46;
    uint256 private constant BLOCK_MASK = (1 << 36) - 1;

    /// @notice Sets a leaf's weight from this block on.
    function set(Tree storage self, uint256 leaf, uint256 weight) internal {
        if (leaf >= MAX_LEAVES) revert LeafOutOfRange(leaf);
        uint256 height = _grow(self, leaf);

        uint256 old = _sum(self.newest[_key(0, leaf >> 2)], leaf & 3);
        if (old == weight) return;
        for (uint256 level = 0; level < height; ++level) {
            uint256 index = leaf >> (2 * level);
            uint256 key = _key(level, index >> 2);
            uint256 word = self.newest[key];
            uint256 sum = _sum(word, index & 3) - old + weight;
            if (sum > MAX_SUM) revert SumTooLarge(sum);
            _write(self, key, word, _withSum(word, index & 3, sum));
        }
    }

    /// @notice A leaf's weight now.
    function get(Tree storage self, uint256 leaf) internal view returns (uint256) {
        return _sum(self.newest[_key(0, leaf >> 2)], leaf & 3);
    }

    /// @notice The total at the end of block `blockNumber`; of the present one as far as it went.
    function total(Tree storage self, uint256 blockNumber) internal view returns (uint256) {
        (, uint256 word) = _top(self, blockNumber);
        return _total(word);
    }

    /// @notice The leaf that holds `point` when all weights at the end of block `blockNumber` are laid end to end.
    /// @return leaf The leaf.
    /// @return start Where its interval begins.
    /// @return weight How long it is.
    function find(Tree storage self, uint256 blockNumber, uint256 point)
        internal
        view
        returns (uint256 leaf, uint256 start, uint256 weight)
    {
        (uint256 level, uint256 word) = _top(self, blockNumber);
        if (point >= _total(word)) revert PointOutOfRange(point);
        while (true) {
            uint256 child = 0;
            weight = _sum(word, 0);
            while (point - start >= weight) {
                start += weight;
                weight = _sum(word, ++child);
            }
            leaf = leaf << 2 | child;
            if (level == 0) return (leaf, start, weight);
            word = _wordAt(self, _key(--level, leaf), blockNumber);
        }
    }

    /// @notice The leaf that `seed` draws as number `k`, 0 to `MAX_DRAWS - 1`, by the weights at the end of block
    ///         `blockNumber`, among those that it did not draw before.
    /// @dev The total is below 2^48, so the remainder of a hash is biased by less than 2^-208: no second try needed.
    /// @return found Whether any weight was left to draw.
    /// @return leaf The leaf.
    function draw(Tree storage self, uint256 blockNumber, bytes32 seed, uint256 k)
        internal
        view
        returns (bool found, uint256 leaf)
    {
        uint256 rest = total(self, blockNumber);
        uint256[MAX_DRAWS] memory starts;
        uint256[MAX_DRAWS] memory weights;
        for (uint256 i = 0; i <= k; ++i) {
            if (rest == 0) return (false, 0);
            uint256 point = uint256(keccak256(abi.encode(seed, i))) % rest;
            // Steps over what was drawn before, from left to right.
            for (uint256 j = 0; j < i; ++j) {
                if (point >= starts[j]) point += weights[j];
            }
            uint256 start;
            uint256 weight;
            (leaf, start, weight) = find(self, blockNumber, point);
            rest -= weight;
            _insert(starts, weights, i, start, weight);
        }
        found = true;
    }

    /// @dev Inserts into the first `count` entries, which are sorted by start.
    function _insert(
        uint256[MAX_DRAWS] memory starts,
        uint256[MAX_DRAWS] memory weights,
        uint256 count,
        uint256 start,
        uint256 weight
    ) private pure {
        for (; count > 0 && starts[count - 1] > start; --count) {
            (starts[count], weights[count]) = (starts[count - 1], weights[count - 1]);
        }
        (starts[count], weights[count]) = (start, weight);
    }

    /// @dev Adds levels until `leaf` fits, each with the tree so far as its first child.
    function _grow(Tree storage self, uint256 leaf) private returns (uint256 height) {
        height = self.height;
        if (height != 0 && leaf >> (2 * height) == 0) return height;
        do {
            if (height != 0) {
                uint256 sum = _total(self.newest[_key(height - 1, 0)]);
                if (sum > MAX_SUM) revert SumTooLarge(sum);
                _write(self, _key(height, 0), 0, _withSum(0, 0, sum));
            }
            ++height;
        } while (leaf >> (2 * height) != 0);
        self.height = height;
    }

    /// @dev Replaces a node's newest word `old` by the sums of `word`. Keeps `old` unless it is of this block.
    function _write(Tree storage self, uint256 key, uint256 old, uint256 word) private {
        uint256 count = old >> COUNT_SHIFT & BLOCK_MASK;
        if (old != 0 && old & BLOCK_MASK != block.number) {
            self.older[key][count] = old;
            ++count;
        }
        self.newest[key] = word >> SUMS_SHIFT << SUMS_SHIFT | count << COUNT_SHIFT | block.number;
    }

    /// @dev The highest node that existed at the end of block `blockNumber`. Before the tree grew, all weight was
    ///      below what is now the first child.
    function _top(Tree storage self, uint256 blockNumber) private view returns (uint256 level, uint256 word) {
        level = self.height;
        while (level > 0 && word == 0) {
            word = _wordAt(self, _key(--level, 0), blockNumber);
        }
    }

    /// @dev A node's word at the end of block `blockNumber`; zero when there was none. Gallops back from the newest,
    ///      since most look-ups are of recent blocks, then halves.
    function _wordAt(Tree storage self, uint256 key, uint256 blockNumber)
        private
        view
        returns (uint256 word)
    {
        word = self.newest[key];
        if (word & BLOCK_MASK <= blockNumber) return word;
        uint256 end = word >> COUNT_SHIFT & BLOCK_MASK;
        mapping(uint256 => uint256) storage older = self.older[key];
        for (uint256 step = 1; end != 0; step *= 2) {
            uint256 low = end > step ? end - step : 0;
            word = older[low];
            if (word & BLOCK_MASK > blockNumber) {
                end = low;
                continue;
            }
            while (end - low > 1) {
                uint256 middle = (low + end) / 2;
                uint256 candidate = older[middle];
                if (candidate & BLOCK_MASK > blockNumber) end = middle;
                else (low, word) = (middle, candidate);
            }
            return word;
        }
        return 0;
    }

    function _key(uint256 level, uint256 index) private pure returns (uint256) {
        return level << 16 | index;
    }

    function _sum(uint256 word, uint256 child) private pure returns (uint256) {
        return word >> (SUMS_SHIFT + SUM_BITS * child) & MAX_SUM;
    }

    function _withSum(uint256 word, uint256 child, uint256 sum) private pure returns (uint256) {
        uint256 shift = SUMS_SHIFT + SUM_BITS * child;
        return word & ~(MAX_SUM << shift) | sum << shift;
    }

    function _total(uint256 word) private pure returns (uint256) {
        return _sum(word, 0) + _sum(word, 1) + _sum(word, 2) + _sum(word, 3);
    }
}
