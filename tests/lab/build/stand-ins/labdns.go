// labdns: stand-in for CoreDNS. It answers A queries for Services and headless endpoints in the cluster's zone and
// forwards all other names to the resolvers of /etc/resolv.conf.
package main

import (
	"context"
	"flag"
	"fmt"
	"io/ioutil"
	"log"
	"net"
	"net/http"
	"regexp"
	"strings"
	"time"

	"github.com/miekg/dns"
	corev1 "k8s.io/api/core/v1"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	listers "k8s.io/client-go/listers/core/v1"
	"k8s.io/client-go/rest"
)

var (
	conf       = flag.String("conf", "/etc/coredns/Corefile", "only the zone after the word kubernetes is read")
	zoneInConf = regexp.MustCompile(`kubernetes\s+(\S+)`)
	nameserver = regexp.MustCompile(`(?m)^nameserver\s+(\S+)`)
)

type server struct {
	zone      string // with the final dot
	services  listers.ServiceLister
	endpoints listers.EndpointsLister
	forwards  []string
}

func check(err error) {
	if err != nil {
		log.Fatal(err)
	}
}

func main() {
	flag.Parse()
	s := &server{zone: "cluster.local."}
	corefile, err := ioutil.ReadFile(*conf)
	check(err)
	if found := zoneInConf.FindSubmatch(corefile); found != nil {
		s.zone = strings.TrimSuffix(string(found[1]), ".") + "."
	}
	resolvers, err := ioutil.ReadFile("/etc/resolv.conf")
	check(err)
	for _, found := range nameserver.FindAllSubmatch(resolvers, -1) {
		s.forwards = append(s.forwards, string(found[1]))
	}
	ready := make(chan struct{})
	serveHealth(ready)
	s.watch()
	close(ready)
	dns.HandleFunc(".", s.answer)
	go func() { log.Fatal((&dns.Server{Addr: ":53", Net: "tcp"}).ListenAndServe()) }()
	log.Fatal((&dns.Server{Addr: ":53", Net: "udp"}).ListenAndServe())
}

// serveHealth answers CoreDNS' liveness probe on 8080 and its readiness probe on 8181.
func serveHealth(ready <-chan struct{}) {
	health, readiness := http.NewServeMux(), http.NewServeMux()
	health.HandleFunc("/health", func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, "OK") })
	readiness.HandleFunc("/ready", func(w http.ResponseWriter, r *http.Request) {
		select {
		case <-ready:
			fmt.Fprint(w, "OK")
		default:
			w.WriteHeader(http.StatusServiceUnavailable)
		}
	})
	go func() { log.Fatal(http.ListenAndServe(":8080", health)) }()
	go func() { log.Fatal(http.ListenAndServe(":8181", readiness)) }()
}

// watch returns when all Services and Endpoints are known; they stay current from then on.
func (s *server) watch() {
	config, err := rest.InClusterConfig()
	check(err)
	core := informers.NewSharedInformerFactory(kubernetes.NewForConfigOrDie(config), 10*time.Minute)
	s.services, s.endpoints = core.Core().V1().Services().Lister(), core.Core().V1().Endpoints().Lister()
	forever := context.Background().Done()
	core.Start(forever)
	core.WaitForCacheSync(forever)
}

func (s *server) answer(w dns.ResponseWriter, request *dns.Msg) {
	question := request.Question[0]
	name := strings.ToLower(question.Name)
	if !strings.HasSuffix(name, "."+s.zone) {
		w.WriteMsg(s.forward(request))
		return
	}
	reply := new(dns.Msg)
	reply.SetReply(request)
	reply.Authoritative = true
	addresses := s.lookup(name)
	if addresses == nil {
		reply.Rcode = dns.RcodeNameError
	}
	if question.Qtype == dns.TypeA {
		header := dns.RR_Header{Name: question.Name, Rrtype: dns.TypeA, Class: dns.ClassINET, Ttl: 30}
		for _, address := range addresses {
			reply.Answer = append(reply.Answer, &dns.A{Hdr: header, A: net.ParseIP(address)})
		}
	}
	w.WriteMsg(reply)
}

func (s *server) forward(request *dns.Msg) *dns.Msg {
	for _, resolver := range s.forwards {
		if reply, err := dns.Exchange(request, net.JoinHostPort(resolver, "53")); err == nil {
			return reply
		}
	}
	return new(dns.Msg).SetRcode(request, dns.RcodeServerFailure)
}

// lookup returns the addresses of SERVICE.NAMESPACE.svc.ZONE, or of one HOSTNAME before it; nil is no such name.
func (s *server) lookup(name string) (addresses []string) {
	labels := strings.Split(strings.TrimSuffix(name, ".svc."+s.zone), ".")
	if len(labels) != 2 && len(labels) != 3 {
		return nil
	}
	namespace, service := labels[len(labels)-1], labels[len(labels)-2]
	found, err := s.services.Services(namespace).Get(service)
	if err != nil {
		return nil
	}
	if len(labels) == 2 && found.Spec.ClusterIP != corev1.ClusterIPNone {
		return []string{found.Spec.ClusterIP}
	}
	endpoints, err := s.endpoints.Endpoints(namespace).Get(service)
	if err != nil {
		return nil
	}
	for _, subset := range endpoints.Subsets {
		for _, address := range subset.Addresses {
			if len(labels) == 2 || address.Hostname == labels[0] {
				addresses = append(addresses, address.IP)
			}
		}
	}
	return addresses
}
