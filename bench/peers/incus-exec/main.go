// The Go client's exec, for figures: for each line on standard input it runs `true` in an instance, and says how many
// milliseconds that took. Arguments: the daemon's unix socket, the instance.
package main

import (
	"bufio"
	"bytes"
	"fmt"
	"io"
	"os"
	"time"

	incus "github.com/lxc/incus/v6/client"
	"github.com/lxc/incus/v6/shared/api"
)

func run(server incus.InstanceServer, instance string) error {
	request := api.InstanceExecPost{Command: []string{"true"}, WaitForWS: true}
	done := make(chan bool)
	args := incus.InstanceExecArgs{
		Stdin:    io.NopCloser(bytes.NewReader(nil)),
		Stdout:   os.Stderr,
		Stderr:   os.Stderr,
		DataDone: done,
	}
	operation, err := server.ExecInstance(instance, request, &args)
	if err != nil {
		return err
	}
	if err = operation.Wait(); err != nil {
		return err
	}
	<-done
	return nil
}

func main() {
	server, err := incus.ConnectIncusUnix(os.Args[1], nil)
	if err != nil {
		panic(err)
	}
	lines := bufio.NewScanner(os.Stdin)
	for lines.Scan() {
		started := time.Now()
		if err := run(server, os.Args[2]); err != nil {
			panic(err)
		}
		fmt.Printf("%f\n", float64(time.Since(started).Nanoseconds())/1e6)
	}
}
