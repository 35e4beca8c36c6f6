// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {ChainContract} from "../ChainContract.sol";

/// @notice What the genesis of a history defines: `initialize` takes it as `abi.encode` gives it.
struct HistoryDefinitions {
    /// Who writes, and says who else does.
    address owner;
    /// What the history is of: a serial number, the hash of a deed, a token of another chain.
    bytes32 asset;
    /// Its name, for people.
    string title;
}

/// @notice Something that happened, or a document.
struct Record {
    /// Of what is recorded. The thing itself is somewhere else.
    bytes32 hash;
    /// Who wrote it.
    address author;
    /// When, in seconds since 1970.
    uint64 time;
    /// Where the thing is, or a few words.
    string text;
}

/// @title History
/// @notice What happened to an asset, or the versions of a document: a list that only grows. For chains that hold no
///         money. An example: see `docs/chain-contracts.md`.
contract History is ChainContract {
    /// @notice A record was written.
    event Recorded(uint256 indexed index, bytes32 indexed hash, address indexed author);

    /// @notice The history has a new owner.
    event OwnerSet(address indexed owner);

    /// @notice The owner lets somebody write, or no more.
    event WriterSet(address indexed writer, bool allowed);

    /// @notice A history begins once.
    error AlreadyInitialized();

    /// @notice A history always has an owner.
    error OwnerMissing();

    /// @notice Only the owner, or who the owner lets write.
    error NotAllowed(address caller);

    /// @notice There is a record of this already.
    error AlreadyRecorded(uint256 index);

    /// @notice The text is longer than `MAX_TEXT_BYTES`.
    error TextTooLong(uint256 highest, uint256 found);

    /// @notice Most bytes of a record's text, and of the title.
    uint256 public constant MAX_TEXT_BYTES = 256;

    /// @notice Most records in one answer.
    uint256 public constant MAX_PAGE = 100;

    /// @notice Who writes, and says who else does.
    address public owner;

    /// @notice What the history is of.
    bytes32 public asset;

    /// @notice Its name.
    string public title;

    /// @notice Who writes besides the owner.
    mapping(address writer => bool) public isWriter;

    Record[] private _records;

    /// @dev One more than the index; zero when there is none.
    mapping(bytes32 hash => uint256) private _number;

    modifier onlyOwner() {
        if (msg.sender != owner) revert NotAllowed(msg.sender);
        _;
    }

    /// @notice Begins the history. See `IChainContract`.
    function initialize(bytes calldata definitions) external onlySystem {
        HistoryDefinitions memory given = abi.decode(definitions, (HistoryDefinitions));
        if (owner != address(0)) revert AlreadyInitialized();
        if (given.owner == address(0)) revert OwnerMissing();
        _checkText(given.title);
        (owner, asset, title) = (given.owner, given.asset, given.title);
        emit OwnerSet(given.owner);
    }

    /// @notice Adds a record. Nobody can change or remove it.
    function append(bytes32 hash, string calldata text) external {
        if (msg.sender != owner && !isWriter[msg.sender]) revert NotAllowed(msg.sender);
        if (_number[hash] != 0) revert AlreadyRecorded(_number[hash] - 1);
        _checkText(text);
        uint256 index = _records.length;
        _records.push(Record({hash: hash, author: msg.sender, time: uint64(block.timestamp), text: text}));
        _number[hash] = index + 1;
        emit Recorded(index, hash, msg.sender);
    }

    /// @notice Lets somebody write, or no more.
    function setWriter(address writer, bool allowed) external onlyOwner {
        isWriter[writer] = allowed;
        emit WriterSet(writer, allowed);
    }

    /// @notice Hands the history over, with the asset. Writers stay until the new owner says otherwise.
    function setOwner(address next) external onlyOwner {
        if (next == address(0)) revert OwnerMissing();
        owner = next;
        emit OwnerSet(next);
    }

    /// @notice How many records there are.
    function recordCount() external view returns (uint256) {
        return _records.length;
    }

    /// @notice Records from `offset` on, the oldest first, at most `MAX_PAGE`.
    function records(uint256 offset, uint256 limit) external view returns (Record[] memory page) {
        uint256 left = offset < _records.length ? _records.length - offset : 0;
        if (limit > MAX_PAGE) limit = MAX_PAGE;
        page = new Record[](limit < left ? limit : left);
        for (uint256 i = 0; i < page.length; ++i) {
            page[i] = _records[offset + i];
        }
    }

    /// @notice Whether this was recorded, and as which record: proof that it was known then.
    function find(bytes32 hash) external view returns (bool found, uint256 index) {
        uint256 number = _number[hash];
        return number == 0 ? (false, 0) : (true, number - 1);
    }

    /// @notice What `initialize` takes. Also says in the ABI what definitions look like.
    function encodeDefinitions(HistoryDefinitions calldata definitions) external pure returns (bytes memory) {
        return abi.encode(definitions);
    }

    function _checkText(string memory text) private pure {
        uint256 length = bytes(text).length;
        if (length > MAX_TEXT_BYTES) revert TextTooLong(MAX_TEXT_BYTES, length);
    }
}
