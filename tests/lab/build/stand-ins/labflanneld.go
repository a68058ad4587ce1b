// labflanneld: stand-in for flanneld with --kube-subnet-mgr. Whatever backend the configuration names, it does what
// host-gw does: a route to each other node's pod CIDR through that node's address, since all hosts share one network.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"io/ioutil"
	"log"
	"net"
	"net/http"
	"os"
	"os/exec"
	"time"

	"github.com/vishvananda/netlink"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/rest"
)

const (
	netConf   = "/etc/kube-flannel/net-conf.json"
	subnetEnv = "/run/flannel/subnet.env"
	interval  = 3 * time.Second
)

var (
	ipMasq      = flag.Bool("ip-masq", false, "masquerade traffic that leaves the pod network")
	iface       = flag.String("iface", "", "interface, by name or address; it must exist")
	healthzIP   = flag.String("healthz-ip", "0.0.0.0", "address of /healthz")
	healthzPort = flag.Int("healthz-port", 0, "port of /healthz, 0 for none")
	_           = flag.Bool("kube-subnet-mgr", false, "the only way this program works")
)

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	flag.Parse()
	checkInterface(*iface)
	var conf struct{ Network string }
	content, err := ioutil.ReadFile(netConf)
	check(err)
	check(json.Unmarshal(content, &conf))
	config, err := rest.InClusterConfig()
	check(err)
	client := kubernetes.NewForConfigOrDie(config)
	own := ownNode(client)
	if *ipMasq {
		masquerade(conf.Network)
	}
	if *healthzPort != 0 {
		http.HandleFunc("/healthz", func(w http.ResponseWriter, r *http.Request) { fmt.Fprintln(w, "flanneld is running") })
		go func() { log.Fatal(http.ListenAndServe(fmt.Sprintf("%s:%d", *healthzIP, *healthzPort), nil)) }()
	}
	for ; ; time.Sleep(interval) {
		nodes, err := client.CoreV1().Nodes().List(context.Background(), metav1.ListOptions{})
		if err != nil {
			log.Print(err)
			continue
		}
		for i := range nodes.Items {
			follow(&nodes.Items[i], own, conf.Network)
		}
	}
}

// checkInterface ends the program, as flanneld does, when no interface has this name or address.
func checkInterface(wanted string) {
	if wanted == "" {
		return
	}
	if _, err := net.InterfaceByName(wanted); err == nil {
		return
	}
	addresses, err := net.InterfaceAddrs()
	check(err)
	for _, address := range addresses {
		if network, ok := address.(*net.IPNet); ok && network.IP.String() == wanted {
			return
		}
	}
	log.Fatalf("failed to find interface to use that matches the interfaces and/or regexes provided: %s", wanted)
}

// ownNode names the node of this program's pod.
func ownNode(client kubernetes.Interface) string {
	pods := client.CoreV1().Pods(os.Getenv("POD_NAMESPACE"))
	pod, err := pods.Get(context.Background(), os.Getenv("POD_NAME"), metav1.GetOptions{})
	check(err)
	return pod.Spec.NodeName
}

func masquerade(network string) {
	rule := []string{"POSTROUTING", "-s", network, "!", "-d", network, "-j", "MASQUERADE"}
	iptables := func(action string) error {
		return exec.Command("iptables", append([]string{"-w", "-t", "nat", action}, rule...)...).Run()
	}
	if iptables("-C") != nil {
		check(iptables("-A"))
	}
}

// follow writes subnet.env for the own node and sets the route to another one.
func follow(node *corev1.Node, own, network string) {
	_, subnet, err := net.ParseCIDR(node.Spec.PodCIDR)
	if err != nil {
		log.Printf("node %q has no pod cidr assigned yet", node.Name)
		return
	}
	if node.Name == own {
		writeSubnetEnv(subnet, network)
		return
	}
	for _, address := range node.Status.Addresses {
		if address.Type != corev1.NodeInternalIP {
			continue
		}
		route := &netlink.Route{Dst: subnet, Gw: net.ParseIP(address.Address)}
		if err := netlink.RouteReplace(route); err != nil {
			log.Printf("route to %s via %s: %v", subnet, address.Address, err)
		}
	}
}

func writeSubnetEnv(subnet *net.IPNet, network string) {
	gateway := *subnet
	gateway.IP = append(net.IP{}, subnet.IP...)
	gateway.IP[len(gateway.IP)-1]++
	env := fmt.Sprintf("FLANNEL_NETWORK=%s\nFLANNEL_SUBNET=%s\nFLANNEL_MTU=1500\nFLANNEL_IPMASQ=%v\n",
		network, &gateway, *ipMasq)
	if old, _ := ioutil.ReadFile(subnetEnv); string(old) == env {
		return
	}
	check(os.MkdirAll("/run/flannel", 0755))
	check(ioutil.WriteFile(subnetEnv+".new", []byte(env), 0644))
	check(os.Rename(subnetEnv+".new", subnetEnv))
}
