// labcrictl: stand-in for crictl. It has the verbs that kubeadm and people use, over CRI v1alpha2.
package main

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"strings"
	"time"

	"google.golang.org/grpc"
	cri "k8s.io/cri-api/pkg/apis/runtime/v1alpha2"
)

const (
	configFile     = "/etc/crictl.yaml"
	defaultSocket  = "unix:///run/containerd/containerd.sock"
	connectTimeout = 2 * time.Second
	verbTimeout    = 120 * time.Second
)

type client struct {
	context.Context
	runtime cri.RuntimeServiceClient
	images  cri.ImageServiceClient
	quiet   bool
}

var verbs = map[string]func(c client, arguments []string){
	"info":     info,
	"version":  version,
	"pull":     pull,
	"inspecti": inspectImage,
	"images":   images,
	"pods":     pods,
	"ps":       containers,
	"stopp":    stopPods,
	"rmp":      removePods,
}

func check(err error) {
	if err != nil {
		fmt.Fprintln(os.Stderr, "FATA", err)
		os.Exit(1)
	}
}

func main() {
	socket, quiet, words := parse(os.Args[1:])
	if len(words) == 0 || verbs[words[0]] == nil {
		check(fmt.Errorf("the lab's crictl has no verb %q", strings.Join(words, " ")))
	}
	connecting, cancel := context.WithTimeout(context.Background(), connectTimeout)
	defer cancel()
	connection, err := grpc.DialContext(connecting, socket, grpc.WithInsecure(), grpc.WithBlock())
	if err != nil {
		check(fmt.Errorf("connect: connect endpoint %q, make sure you are running as root and the endpoint has been started: %v", socket, err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), verbTimeout)
	defer cancel()
	c := client{ctx, cri.NewRuntimeServiceClient(connection), cri.NewImageServiceClient(connection), quiet}
	verbs[words[0]](c, words[1:])
}

// parse returns the runtime's socket, whether only ids are wanted, and the words that are no options.
func parse(arguments []string) (socket string, quiet bool, words []string) {
	socket = defaultSocket
	if content, err := os.ReadFile(configFile); err == nil {
		if found := regexp.MustCompile(`(?m)^runtime-endpoint:\s*"?([^"\s]+)`).FindSubmatch(content); found != nil {
			socket = string(found[1])
		}
	}
	for i := 0; i < len(arguments); i++ {
		switch word := arguments[i]; {
		case (word == "-r" || word == "--runtime-endpoint") && i+1 < len(arguments):
			i++
			socket = arguments[i]
		case strings.HasPrefix(word, "--runtime-endpoint="):
			socket = strings.TrimPrefix(word, "--runtime-endpoint=")
		case word == "-q" || word == "--quiet":
			quiet = true
		case !strings.HasPrefix(word, "-"):
			words = append(words, word)
		}
	}
	if !strings.Contains(socket, "://") {
		socket = "unix://" + socket
	}
	return socket, quiet, words
}

func show(value interface{}) {
	text, err := json.MarshalIndent(value, "", "  ")
	check(err)
	fmt.Println(string(text))
}

func image(arguments []string) *cri.ImageSpec {
	if len(arguments) != 1 {
		check(fmt.Errorf("give one image name"))
	}
	return &cri.ImageSpec{Image: arguments[0]}
}

func info(c client, _ []string) {
	status, err := c.runtime.Status(c, &cri.StatusRequest{})
	check(err)
	show(status)
}

func version(c client, _ []string) {
	version, err := c.runtime.Version(c, &cri.VersionRequest{})
	check(err)
	show(version)
}

func pull(c client, arguments []string) {
	_, err := c.images.PullImage(c, &cri.PullImageRequest{Image: image(arguments)})
	check(err)
	fmt.Println("Image is up to date for", arguments[0])
}

func inspectImage(c client, arguments []string) {
	status, err := c.images.ImageStatus(c, &cri.ImageStatusRequest{Image: image(arguments)})
	check(err)
	if status.Image == nil {
		check(fmt.Errorf("no such image %q present", arguments[0]))
	}
	show(status)
}

func images(c client, _ []string) {
	list, err := c.images.ListImages(c, &cri.ListImagesRequest{})
	check(err)
	for _, image := range list.Images {
		fmt.Println(strings.Join(image.RepoTags, ","), image.Id, image.Size_)
	}
}

func pods(c client, _ []string) {
	list, err := c.runtime.ListPodSandbox(c, &cri.ListPodSandboxRequest{})
	check(err)
	for _, pod := range list.Items {
		if c.quiet {
			fmt.Println(pod.Id)
		} else {
			fmt.Println(pod.Id, pod.State, pod.Metadata.Namespace+"/"+pod.Metadata.Name)
		}
	}
}

func containers(c client, _ []string) {
	list, err := c.runtime.ListContainers(c, &cri.ListContainersRequest{})
	check(err)
	for _, container := range list.Containers {
		if c.quiet {
			fmt.Println(container.Id)
		} else {
			pod := container.Labels["io.kubernetes.pod.name"]
			fmt.Println(container.Id, container.State, container.Metadata.Name, container.Metadata.Attempt, pod)
		}
	}
}

func stopPods(c client, ids []string) {
	for _, id := range ids {
		_, err := c.runtime.StopPodSandbox(c, &cri.StopPodSandboxRequest{PodSandboxId: id})
		check(err)
	}
}

func removePods(c client, ids []string) {
	for _, id := range ids {
		_, err := c.runtime.RemovePodSandbox(c, &cri.RemovePodSandboxRequest{PodSandboxId: id})
		check(err)
	}
}
