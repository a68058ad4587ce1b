// labcniflannel: stand-in for the CNI plugin "flannel". As the original, it reads subnet.env and delegates to the
// plugins bridge and host-local; the configuration used is kept per container, for DEL.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/containernetworking/cni/pkg/invoke"
)

const (
	store     = "/var/lib/cni/flannel"
	subnetEnv = "/run/flannel/subnet.env"
	supported = `{"cniVersion":"0.4.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0"]}`
)

type object = map[string]any

func check(err error) {
	if err != nil {
		json.NewEncoder(os.Stdout).Encode(object{"cniVersion": "0.3.1", "code": 100, "msg": err.Error()})
		os.Exit(1)
	}
}

func main() {
	kept := filepath.Join(store, os.Getenv("CNI_CONTAINERID"))
	switch os.Getenv("CNI_COMMAND") {
	case "VERSION":
		fmt.Println(supported)
	case "ADD":
		delegate, err := json.Marshal(bridgeConfig())
		check(err)
		check(os.MkdirAll(store, 0700))
		check(os.WriteFile(kept, delegate, 0600))
		result, err := invoke.DelegateAdd(context.Background(), "bridge", delegate, nil)
		check(err)
		check(result.Print())
	case "DEL":
		delegate, err := os.ReadFile(kept)
		if os.IsNotExist(err) {
			return // DEL may come twice
		}
		check(err)
		check(invoke.DelegateDel(context.Background(), "bridge", delegate, nil))
		check(os.Remove(kept))
	}
}

// bridgeConfig turns the network configuration on stdin into one for the plugin bridge.
func bridgeConfig() object {
	var given struct {
		Name, CNIVersion string
		Delegate         object
	}
	check(json.NewDecoder(os.Stdin).Decode(&given))
	env := readEnv()
	_, subnet, err := net.ParseCIDR(env["FLANNEL_SUBNET"])
	check(err)
	mtu, err := strconv.Atoi(env["FLANNEL_MTU"])
	check(err)
	config := object{
		"name":       given.Name,
		"cniVersion": given.CNIVersion,
		"type":       "bridge",
		"bridge":     "cni0",
		"isGateway":  true,
		"ipMasq":     env["FLANNEL_IPMASQ"] != "true",
		"mtu":        mtu,
		"ipam": object{
			"type":   "host-local",
			"subnet": subnet.String(),
			"routes": []object{{"dst": env["FLANNEL_NETWORK"]}},
		},
	}
	for key, value := range given.Delegate {
		config[key] = value
	}
	return config
}

func readEnv() map[string]string {
	file, err := os.Open(subnetEnv)
	check(err)
	defer file.Close()
	env := map[string]string{}
	for lines := bufio.NewScanner(file); lines.Scan(); {
		if pair := strings.SplitN(lines.Text(), "=", 2); len(pair) == 2 {
			env[pair[0]] = pair[1]
		}
	}
	return env
}
