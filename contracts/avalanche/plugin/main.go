// subnet-evm as a plugin of avalanchego: its own main, less the wish for 32,768 open files, without which that one
// does not start. Go itself already allows a process all the files that the machine's limit does.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/ava-labs/avalanchego/graft/subnet-evm/plugin/evm"
	"github.com/ava-labs/avalanchego/vms/rpcchainvm"
)

func main() {
	evm.RegisterAllLibEVMExtras()
	if err := rpcchainvm.Serve(context.Background(), &evm.VM{}); err != nil {
		fmt.Fprintln(os.Stderr, "subnet-evm:", err)
		os.Exit(1)
	}
}
