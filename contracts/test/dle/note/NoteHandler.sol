// SPDX-License-Identifier: MIT OR Apache-2.0
pragma solidity 0.8.37;

import {
    AccountBalance,
    INoteChain,
    NoteBase,
    NoteDefinitions,
    SYSTEM,
    Transfer,
    Voucher
} from "./NoteBase.sol";

/// @dev Does to a note what its people may do, in any order, and keeps books of its own, in which it looks first whether
///      a call must succeed. All but a few places are taken, so that it gets crowded.
abstract contract NoteHandler is NoteBase {
    uint256 internal constant ACTORS = 5;
    uint256 internal constant FILLERS = 246;
    uint256 internal constant COST = 1e6 + 500;

    struct Opened {
        address payer;
        address payee;
        uint256 limit;
        uint256 claimed;
        uint256 until;
        bool over;
    }

    struct Left {
        uint256 amount;
        bool over;
    }

    /// @dev Alice is the first.
    address[] internal actors;
    mapping(address actor => uint256 key) internal keys;
    mapping(address actor => uint256 pico) internal balances;
    mapping(address actor => bool) internal placed;
    Opened[] internal opened;
    Left[] internal left;
    uint256 internal fees;
    uint256 internal gas;
    uint256 internal gone;
    string internal violation;

    /// @dev How often something succeeded, so that a test can see that all of it does.
    mapping(bytes32 what => uint256 times) internal done;

    uint64 private _period;

    function setUp() public virtual override {
        super.setUp();
        for (uint256 i = 0; i < ACTORS; ++i) {
            uint256 key = i == 0 ? aliceKey : 0xAC70 + i;
            actors.push(vm.addr(key));
            keys[actors[i]] = key;
        }
        balances[alice] = 100 * DOLLAR * PICO;
        placed[alice] = true;
    }

    function definitions() internal view override returns (NoteDefinitions memory given) {
        given = super.definitions();
        given.carried.accounts = new AccountBalance[](FILLERS);
        for (uint256 i = 0; i < FILLERS; ++i) {
            given.carried.accounts[i] = AccountBalance(fillerAt(i), MINIMUM);
        }
    }

    // --- what people do ---

    function doTransfer(uint256 who, uint256 to, uint64 amount) public {
        (address from, address recipient) = (actor(who), actor(to));
        amount = amountOf(amount);
        uint256 cost = amount * COST;
        bool may = amount != 0 && balances[from] >= cost + MINIMUM && takes(recipient, amount);
        act("transfer", from, abi.encodeCall(INoteChain.transfer, (recipient, amount)), may);
        if (may) {
            balances[from] -= cost;
            receive_(recipient, amount);
            fees += amount * 500;
        }
        charge(from, who);
    }

    function doTransferMany(uint256 who, uint64 first, uint64 second) public {
        address from = actor(who);
        Transfer[] memory list = new Transfer[](2);
        uint256 next = who % ACTORS + 1;
        list[0] = Transfer(actor(next), amountOf(first));
        list[1] = Transfer(actor(next + first % 2), amountOf(second));
        bool may = balances[from] >= (list[0].amount + list[1].amount) * COST + MINIMUM;
        // The second is asked when the first has come, so the room of one may be missing for both.
        uint256 room_ = room();
        for (uint256 i = 0; i < 2 && may; ++i) {
            bool again = i == 1 && list[1].to == list[0].to;
            may = list[i].amount != 0 && (again || takesIn(list[i].to, list[i].amount, room_));
            if (!placed[list[i].to] && !again) room_ = room_ == 0 ? 0 : room_ - 1;
        }
        act("transferMany", from, abi.encodeCall(INoteChain.transferMany, (list)), may);
        for (uint256 i = 0; i < 2 && may; ++i) {
            balances[from] -= list[i].amount * COST;
            receive_(list[i].to, list[i].amount);
            fees += list[i].amount * 500;
        }
        charge(from, who);
    }

    function doTransferAll(uint256 who, uint256 to, uint64 reserve) public {
        if (who % 4 != 0) return;
        (address from, address recipient) = (actor(who), actor(to));
        reserve = uint64(bound(reserve, 0, 2 * MINIMUM));
        bool may = from != recipient && balances[from] >= reserve + COST;
        act("transferAll", from, abi.encodeCall(INoteChain.transferAll, (recipient, reserve)), may);
        if (!may) return charge(from, who);
        uint256 amount = (balances[from] - reserve) / COST;
        balances[from] -= amount * COST;
        receive_(recipient, amount);
        fees += amount * 500;
        close(from, reserve);
    }

    function doAuthorize(uint256 who, uint256 to, uint64 limit, uint16 time) public {
        (address from, address payee) = (actor(who), actor(to));
        limit = amountOf(limit);
        uint64 until = uint64(block.timestamp) + time;
        uint256 locked = limit * COST + MINIMUM;
        bool may = limit != 0 && balances[from] >= locked + MINIMUM && room() >= (placed[payee] ? 1 : 2);
        bytes32 id = bytes32(opened.length);
        act("authorize", from, abi.encodeCall(INoteChain.authorize, (payee, id, limit, until, until)), may);
        if (may) {
            balances[from] -= locked;
            placed[payee] = true;
            opened.push(Opened(from, payee, limit, 0, until, false));
        }
        charge(from, who);
    }

    function doRaise(uint256 which, uint256 who, uint64 limit) public {
        if (opened.length == 0) return;
        Opened storage lock = opened[which % opened.length];
        address from = who % 4 == 0 ? actor(who / 4) : lock.payer;
        limit = uint64(lock.limit - 1 + amountOf(limit));
        bool may = !lock.over && from == lock.payer && limit > lock.limit
            && balances[from] >= (limit - lock.limit) * COST + MINIMUM;
        act("raise", from, abi.encodeCall(INoteChain.raise, (idOf(which), limit)), may);
        if (may) {
            balances[from] -= (limit - lock.limit) * COST;
            lock.limit = limit;
        }
        charge(from, who);
    }

    function doProlong(uint256 which, uint256 who, uint16 time) public {
        if (opened.length == 0) return;
        Opened storage lock = opened[which % opened.length];
        address from = who % 4 == 0 ? actor(who / 4) : lock.payer;
        uint64 until = uint64(lock.until) + time % 1000;
        bool may = !lock.over && from == lock.payer && until > lock.until;
        act("prolong", from, abi.encodeCall(INoteChain.prolong, (idOf(which), until, until)), may);
        if (may) lock.until = until;
        charge(from, who);
    }

    function doClaim(uint256 which, uint256 who, uint64 total, uint8 forged) public {
        if (opened.length == 0) return;
        // One of the newest: most others are over.
        which = opened.length - 1 - which % (opened.length < 4 ? opened.length : 4);
        Opened storage lock = opened[which];
        total = uint64(bound(total, lock.claimed == 0 ? 0 : lock.claimed - 1, lock.limit + CENT));
        Voucher memory voucher = Voucher(GENESIS, 1, bytes32(which), total);
        uint256 key = forged % 8 == 0 ? 1 : keys[lock.payer];
        bool counts = !lock.over && block.timestamp <= lock.until && forged % 8 != 0 && total >= lock.claimed;
        uint256 upTo = total < lock.limit ? total : lock.limit;
        uint256 amount = counts ? upTo - lock.claimed : 0;
        bool may = counts && (amount == 0 || takes(lock.payee, amount));
        act("claim", actor(who), abi.encodeCall(INoteChain.claim, (voucher, sign(key, voucher))), may);
        if (may && amount != 0) {
            lock.claimed = upTo;
            receive_(lock.payee, amount);
            fees += amount * 500;
        }
        charge(actor(who), who);
    }

    function doRelease(uint256 which, uint256 who) public {
        if (opened.length == 0) return;
        Opened storage lock = opened[which % opened.length];
        address by = actor(who);
        bool may = !lock.over && (block.timestamp > lock.until || by == lock.payee);
        uint256 pico = lockedIn(lock);
        act("release", by, abi.encodeCall(INoteChain.release, (idOf(which))), may);
        if (may) {
            lock.over = true;
            if (balances[lock.payee] == 0 && openFor(lock.payee) == 0) placed[lock.payee] = false;
            balances[lock.payer] += pico;
            placed[lock.payer] = true;
        }
        charge(by, who);
    }

    /// @dev Little, so that there is something left to play with.
    function doWithdraw(uint256 who, uint64 amount) public {
        address from = actor(who);
        amount = uint64(bound(amount, CENT - CENT / 8, 5 * CENT));
        uint256 pico = uint256(amount) * PICO;
        bool may = amount >= CENT && room() != 0 && balances[from] >= pico + MINIMUM;
        act("withdraw", from, withdrawing(amount), may);
        if (may) {
            balances[from] -= pico;
            left.push(Left(pico, false));
        }
        charge(from, who);
    }

    function doWithdrawAll(uint256 who, uint64 reserve) public {
        if (who % 8 != 0) return;
        address from = actor(who);
        reserve = uint64(bound(reserve, 0, 2 * MINIMUM));
        bool may = balances[from] >= reserve + PICO;
        bytes memory call = abi.encodeCall(INoteChain.withdrawAll, (carol, address(0), 0, reserve));
        act("withdrawAll", from, call, may);
        if (!may) return charge(from, who);
        uint256 pico = (balances[from] - reserve) / PICO * PICO;
        balances[from] -= pico;
        left.push(Left(pico, false));
        close(from, reserve);
    }

    // --- what the chain does ---

    function doSettle(uint256 which) public {
        if (left.length == 0) return;
        which %= left.length;
        if (left[which].over) return;
        vm.prank(SYSTEM);
        note.settle(uint64(which));
        left[which].over = true;
        gone += left[which].amount;
        ++done["settle"];
    }

    function doCollect(uint256 a, uint256 b) public {
        (uint64 f, uint64 g) = (uint64(bound(a, 0, fees / PICO)), uint64(bound(b, 0, gas / PICO)));
        vm.prank(SYSTEM);
        note.collect(_period++, f, g);
        fees -= uint256(f) * PICO;
        gas -= uint256(g) * PICO;
        gone += uint256(f + g) * PICO;
        ++done["collect"];
    }

    function doWait(uint16 time) public {
        vm.warp(block.timestamp + time % 20_000);
    }

    // --- inside ---

    /// @dev One transaction, whose gas is charged afterwards.
    function act(bytes32 what, address from, bytes memory call, bool may) private {
        vm.prank(from);
        (bool ok,) = address(note).call(call);
        if (ok != may) {
            violation = string.concat(string(abi.encode(what)), may ? " was refused" : " was taken");
        }
        if (ok) ++done[what];
        if (room() == 0) ++done["crowded"];
    }

    /// @dev Up to a cent of gas, of who has it; now and then all.
    function charge(address from, uint256 seed) private {
        uint256 most = balances[from] < MINIMUM ? balances[from] : MINIMUM;
        uint256 pico = seed % 32 == 7 ? most : bound(seed >> 8, 0, most / 16);
        chargeGas(from, uint64(pico));
        balances[from] -= pico;
        gas += pico;
        if (balances[from] == 0 && openFor(from) == 0) placed[from] = false;
    }

    function close(address from, uint64 reserve) private {
        chargeGas(from, reserve);
        gas += balances[from];
        (balances[from], placed[from]) = (0, false);
    }

    function receive_(address to, uint256 amount) private {
        balances[to] += amount * PICO;
        placed[to] = true;
    }

    /// @dev Whether an account can get this.
    function takes(address to, uint256 amount) private view returns (bool) {
        return takesIn(to, amount, room());
    }

    function takesIn(address to, uint256 amount, uint256 room_) private view returns (bool) {
        return (balances[to] != 0 || amount >= CENT) && (placed[to] || room_ != 0);
    }

    /// @dev Some are too small for a new account.
    function amountOf(uint64 seed) private pure returns (uint64) {
        return seed % 7 == 0 ? seed % CENT : uint64(bound(seed, 0, 3 * DOLLAR));
    }

    function lockedIn(Opened storage lock) internal view returns (uint256) {
        return lock.over ? 0 : (lock.limit - lock.claimed) * COST + MINIMUM;
    }

    function idOf(uint256 which) internal view returns (bytes32) {
        return keccak256(abi.encode(GENESIS, uint256(1), which % opened.length));
    }

    function openFor(address payee) internal view returns (uint256 count) {
        for (uint256 i = 0; i < opened.length; ++i) {
            if (!opened[i].over && opened[i].payee == payee) ++count;
        }
    }

    function room() internal view returns (uint256) {
        return 255 - taken();
    }

    function taken() internal view returns (uint256 count) {
        count = FILLERS;
        for (uint256 i = 0; i < ACTORS; ++i) {
            if (placed[actor(i)]) ++count;
        }
        for (uint256 i = 0; i < opened.length; ++i) {
            if (!opened[i].over) ++count;
        }
        for (uint256 i = 0; i < left.length; ++i) {
            if (!left[i].over) ++count;
        }
    }

    function actor(uint256 who) internal view returns (address) {
        return actors[who % ACTORS];
    }
}
