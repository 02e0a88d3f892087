// Package kubernetes renders manifests as `kubectl apply -k` does, reads every one strictly as its own type, and holds what
// the deployment promises: nobody is root, nothing is cut off while it stops, and probes and selectors meet what they mean.
package kubernetes

import (
	"errors"
	"fmt"
	"time"

	apps "k8s.io/api/apps/v1"
	batch "k8s.io/api/batch/v1"
	core "k8s.io/api/core/v1"
	networking "k8s.io/api/networking/v1"
	policy "k8s.io/api/policy/v1"
	meta "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/labels"
	"sigs.k8s.io/kustomize/api/krusty"
	"sigs.k8s.io/kustomize/kyaml/filesys"
	"sigs.k8s.io/yaml"
)

// stopTimeout is KOPPEL_STOP_TIMEOUT's default; a pod must have longer.
const stopTimeout = 30 * time.Second

// manifests are what a folder renders to, by kind and name.
type manifests struct {
	pods      map[string]core.PodTemplateSpec
	selectors map[string]*meta.LabelSelector
	scaled    map[string]bool
	replicas  map[string]bool
	settings  map[string]string
}

// scaledObject is as much of KEDA's resource as is used here, by the names of its documentation (keda.sh, scalers, temporal): its
// own types bring a controller's whole runtime with them.
type scaledObject struct {
	meta.TypeMeta   `json:",inline"`
	meta.ObjectMeta `json:"metadata"`
	Spec            struct {
		ScaleTargetRef  struct{ Name string } `json:"scaleTargetRef"`
		MinReplicaCount int                   `json:"minReplicaCount"`
		MaxReplicaCount int                   `json:"maxReplicaCount"`
		CooldownPeriod  int                   `json:"cooldownPeriod"`
		Triggers        []struct {
			Type     string `json:"type"`
			Metadata struct {
				Endpoint        string `json:"endpoint"`
				Namespace       string `json:"namespace"`
				TaskQueue       string `json:"taskQueue"`
				QueueTypes      string `json:"queueTypes"`
				TargetQueueSize string `json:"targetQueueSize"`
			} `json:"metadata"`
		} `json:"triggers"`
	} `json:"spec"`
}

// Check says what is wrong with the manifests of a folder.
func Check(files filesys.FileSystem, folder string) error {
	rendered, err := krusty.MakeKustomizer(krusty.MakeDefaultOptions()).Run(files, folder)
	if err != nil {
		return err
	}
	m := manifests{map[string]core.PodTemplateSpec{}, map[string]*meta.LabelSelector{}, map[string]bool{}, map[string]bool{}, map[string]string{}}
	for _, resource := range rendered.Resources() {
		text, err := resource.AsYAML()
		if err != nil {
			return err
		}
		if err := m.read(resource.GetKind(), resource.GetName(), text); err != nil {
			return fmt.Errorf("%s %s: %w", resource.GetKind(), resource.GetName(), err)
		}
	}
	return m.hold()
}

// read is strict: a field that its type has not is an error.
func (m *manifests) read(kind, name string, text []byte) error {
	switch kind {
	case "Deployment":
		var d apps.Deployment
		if err := yaml.UnmarshalStrict(text, &d); err != nil {
			return err
		}
		m.pods[name], m.selectors["Deployment "+name], m.replicas[name] = d.Spec.Template, d.Spec.Selector, d.Spec.Replicas != nil
	case "Job":
		var j batch.Job
		if err := yaml.UnmarshalStrict(text, &j); err != nil {
			return err
		}
		m.pods[name] = j.Spec.Template
	case "Service":
		var s core.Service
		if err := yaml.UnmarshalStrict(text, &s); err != nil {
			return err
		}
		m.selectors["Service "+name] = &meta.LabelSelector{MatchLabels: s.Spec.Selector}
	case "PodDisruptionBudget":
		var b policy.PodDisruptionBudget
		if err := yaml.UnmarshalStrict(text, &b); err != nil {
			return err
		}
		m.selectors["PodDisruptionBudget "+name] = b.Spec.Selector
	case "NetworkPolicy":
		var n networking.NetworkPolicy
		if err := yaml.UnmarshalStrict(text, &n); err != nil {
			return err
		}
		m.selectors["NetworkPolicy "+name] = &n.Spec.PodSelector
	case "ConfigMap":
		var c core.ConfigMap
		if err := yaml.UnmarshalStrict(text, &c); err != nil {
			return err
		}
		m.settings = c.Data
	case "ScaledObject":
		var s scaledObject
		if err := yaml.UnmarshalStrict(text, &s); err != nil {
			return err
		}
		m.scaled[s.Spec.ScaleTargetRef.Name] = true
	default:
		return errors.New("is of a kind that this check does not know")
	}
	return nil
}

func (m *manifests) hold() error {
	for name, selector := range m.selectors {
		if err := m.meets(name, selector); err != nil {
			return err
		}
	}
	for name, replicas := range m.replicas {
		if m.scaled[name] == replicas {
			return fmt.Errorf("deployment %s: how many it has is said twice, or by nobody", name)
		}
	}
	for name := range m.scaled {
		if _, there := m.replicas[name]; !there {
			return fmt.Errorf("%s is scaled and is not there", name)
		}
	}
	for name, pod := range m.pods {
		if err := m.holdPod(pod); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return nil
}

func (m *manifests) meets(name string, selector *meta.LabelSelector) error {
	chosen, err := meta.LabelSelectorAsSelector(selector)
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	for _, pod := range m.pods {
		if chosen.Matches(labels.Set(pod.Labels)) {
			return nil
		}
	}
	return fmt.Errorf("%s selects no pod", name)
}

func (m *manifests) holdPod(pod core.PodTemplateSpec) error {
	spec := pod.Spec
	if s := spec.SecurityContext; s == nil || s.RunAsNonRoot == nil || !*s.RunAsNonRoot || s.SeccompProfile == nil {
		return errors.New("may be root, or call whatever it likes")
	}
	if spec.AutomountServiceAccountToken == nil || *spec.AutomountServiceAccountToken {
		return errors.New("has a token of the cluster, which it has no use for")
	}
	for _, c := range append(spec.InitContainers, spec.Containers...) {
		if s := c.SecurityContext; s == nil || s.ReadOnlyRootFilesystem == nil || !*s.ReadOnlyRootFilesystem || *s.AllowPrivilegeEscalation || len(s.Capabilities.Drop) == 0 {
			return fmt.Errorf("%s may do more than its work", c.Name)
		}
		if c.Resources.Requests.Cpu().IsZero() || c.Resources.Limits.Memory().IsZero() {
			return fmt.Errorf("%s does not say what it needs", c.Name)
		}
		if err := m.holdProbes(spec, c); err != nil {
			return fmt.Errorf("%s: %w", c.Name, err)
		}
	}
	return nil
}

// holdProbes holds that what serves is asked how it is, at the port where it says so, and has the time to stop.
func (m *manifests) holdProbes(spec core.PodSpec, c core.Container) error {
	setting, serves := map[string]string{"server": "KOPPEL_OPERATORS_LISTEN", "worker": "KOPPEL_WORKER_LISTEN"}[c.Args[0]]
	if !serves {
		return nil
	}
	pause := time.Duration(0)
	if c.Lifecycle != nil && c.Lifecycle.PreStop != nil && c.Lifecycle.PreStop.Sleep != nil {
		pause = time.Duration(c.Lifecycle.PreStop.Sleep.Seconds) * time.Second
	}
	if spec.TerminationGracePeriodSeconds == nil || time.Duration(*spec.TerminationGracePeriodSeconds)*time.Second < stopTimeout+pause+5*time.Second {
		return errors.New("is cut off while it stops: terminationGracePeriodSeconds is too short")
	}
	ports := map[string]int32{}
	for _, p := range c.Ports {
		ports[p.Name] = p.ContainerPort
	}
	for what, probe := range map[string]*core.Probe{"startupProbe": c.StartupProbe, "livenessProbe": c.LivenessProbe, "readinessProbe": c.ReadinessProbe} {
		if probe == nil || probe.HTTPGet == nil {
			return fmt.Errorf("has no %s", what)
		}
		if want := fmt.Sprintf("0.0.0.0:%d", ports[probe.HTTPGet.Port.StrVal]); m.settings[setting] != want {
			return fmt.Errorf("the %s asks %s, and %s is %s", what, want, setting, m.settings[setting])
		}
	}
	return nil
}
