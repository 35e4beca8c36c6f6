// Makes an Avalanche L1 of one validator on this machine. scripts/avalanche runs it; docs/avalanche.md explains it.
//
//	l1 network DIR         keys for a node, and the genesis of a primary network that only it validates
//	l1 create URI DIR      on that network: a subnet, our chain on it, and its conversion to an L1
package main

import (
	"context"
	_ "embed"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"github.com/ava-labs/avalanchego/api/info"
	"github.com/ava-labs/avalanchego/genesis"
	"github.com/ava-labs/avalanchego/ids"
	"github.com/ava-labs/avalanchego/staking"
	"github.com/ava-labs/avalanchego/utils/constants"
	"github.com/ava-labs/avalanchego/utils/crypto/bls/signer/localsigner"
	"github.com/ava-labs/avalanchego/utils/formatting/address"
	"github.com/ava-labs/avalanchego/utils/units"
	"github.com/ava-labs/avalanchego/vms/platformvm/signer"
	"github.com/ava-labs/avalanchego/vms/platformvm/txs"
	"github.com/ava-labs/avalanchego/vms/platformvm/warp/message"
	"github.com/ava-labs/avalanchego/vms/secp256k1fx"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary"
	"github.com/ava-labs/avalanchego/wallet/subnet/primary/common"
)

const (
	// networkID is that of the private primary network, in scripts/avalanche too. No public network has it.
	networkID = 224422
	// vmID is the id under which everybody installs subnet-evm's plugin.
	vmID = "srEXiWaHuhNyGwPUi444Tu47ZEDwxTWrbQiuD7FmgSAQ6X7Dy"
	// chainName is for people; letters only.
	chainName = "CoNET"

	validatorWeight  = 100
	validatorBalance = units.Avax
	stakeDuration    = 364 * 24 * time.Hour
	patience         = 3 * time.Minute
)

// ownerKey owns the network's AVAX and the subnet: the key that avalanchego publishes for local trials.
var ownerKey = genesis.EWOQKey

//go:embed genesis.json
var chainGenesis []byte

// The primary network's C-chain; we do not use it, but no network starts without one.
const cChainGenesis = `{"config":{"chainId":43112},"difficulty":"0x0","gasLimit":"0x1312d00","timestamp":"0x5fcb13d0","alloc":{}}`

func main() {
	err := errors.New("usage: l1 network DIR | l1 create URI DIR")
	switch {
	case len(os.Args) == 3 && os.Args[1] == "network":
		err = makeNetwork(os.Args[2])
	case len(os.Args) == 4 && os.Args[1] == "create":
		err = createL1(os.Args[2], os.Args[3])
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "l1:", err)
		os.Exit(1)
	}
}

func makeNetwork(dir string) error {
	key, certificate := filepath.Join(dir, "staker.key"), filepath.Join(dir, "staker.crt")
	if err := staking.InitNodeStakingKeyPair(key, certificate); err != nil {
		return err
	}
	pair, err := staking.LoadTLSCertFromFiles(key, certificate)
	if err != nil {
		return err
	}
	parsed, err := staking.ParseCertificate(pair.Leaf.Raw)
	if err != nil {
		return err
	}
	bls, err := localsigner.FromFileOrPersistNew(filepath.Join(dir, "signer.key"))
	if err != nil {
		return err
	}
	proof, err := signer.NewProofOfPossession(bls)
	if err != nil {
		return err
	}
	owner, err := address.Format("X", constants.GetHRP(networkID), ownerKey.Address().Bytes())
	if err != nil {
		return err
	}
	staker, err := address.Format("X", constants.GetHRP(networkID), genesis.VMRQKey.Address().Bytes())
	if err != nil {
		return err
	}
	const noEthereumAddress = "0x0000000000000000000000000000000000000000"
	million := []genesis.LockedAmount{{Amount: units.MegaAvax}}
	text, err := json.MarshalIndent(genesis.UnparsedConfig{
		NetworkID: networkID,
		Allocations: []genesis.UnparsedAllocation{
			{ETHAddr: noEthereumAddress, AVAXAddr: owner, InitialAmount: units.MegaAvax, UnlockSchedule: million},
			{ETHAddr: noEthereumAddress, AVAXAddr: staker, UnlockSchedule: million},
		},
		StartTime:            uint64(time.Now().Unix()),
		InitialStakeDuration: uint64(stakeDuration.Seconds()),
		InitialStakedFunds:   []string{staker},
		InitialStakers: []genesis.UnparsedStaker{
			{NodeID: ids.NodeIDFromCert(parsed), RewardAddress: owner, Signer: proof},
		},
		CChainGenesis: cChainGenesis,
		Message:       "a trial of CoNET",
	}, "", "  ")
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "primary.json"), text, 0o600)
}

// createL1 makes the node behind uri the only validator of a new L1.
func createL1(uri, dir string) error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	node := info.NewClient(uri)
	if _, err := info.AwaitBootstrapped(ctx, node, "P", time.Second); err != nil {
		return fmt.Errorf("waiting for the P-chain: %w", err)
	}
	nodeID, proof, err := node.GetNodeID(ctx)
	if err != nil {
		return err
	}
	vm, err := ids.FromString(vmID)
	if err != nil {
		return err
	}
	keys := secp256k1fx.NewKeychain(ownerKey)
	owner := secp256k1fx.OutputOwners{Threshold: 1, Addrs: []ids.ShortID{ownerKey.Address()}}
	inTime := common.WithContext(ctx)

	wallet, err := primary.MakePWallet(ctx, uri, keys, primary.WalletConfig{})
	if err != nil {
		return err
	}
	subnet, err := wallet.IssueCreateSubnetTx(&owner, inTime)
	if err != nil {
		return fmt.Errorf("creating the subnet: %w", err)
	}
	// Another wallet: one that knows the subnet's owner.
	wallet, err = primary.MakePWallet(ctx, uri, keys, primary.WalletConfig{SubnetIDs: []ids.ID{subnet.ID()}})
	if err != nil {
		return err
	}
	chain, err := wallet.IssueCreateChainTx(subnet.ID(), chainGenesis, vm, nil, chainName, inTime)
	if err != nil {
		return fmt.Errorf("creating the chain: %w", err)
	}
	// No contract manages the validators yet, so they stay as they are here.
	var noManager []byte
	validators := []*txs.ConvertSubnetToL1Validator{{
		NodeID:                nodeID.Bytes(),
		Weight:                validatorWeight,
		Balance:               validatorBalance,
		Signer:                *proof,
		RemainingBalanceOwner: message.PChainOwner{Threshold: 1, Addresses: owner.Addrs},
		DeactivationOwner:     message.PChainOwner{Threshold: 1, Addresses: owner.Addrs},
	}}
	if _, err := wallet.IssueConvertSubnetToL1Tx(subnet.ID(), chain.ID(), noManager, validators, inTime); err != nil {
		return fmt.Errorf("converting the subnet to an L1: %w", err)
	}
	// For scripts/avalanche; the chain last, so that with it everything is there.
	if err := os.WriteFile(filepath.Join(dir, "subnet"), []byte(subnet.ID().String()), 0o600); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "chain"), []byte(chain.ID().String()), 0o600)
}
