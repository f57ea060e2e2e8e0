package bundle

import (
	"fmt"

	"go.yaml.in/yaml/v3"
)

// The objects of examples/kubernetes, as far as they are used there: decoded
// strictly, so that a field that is misspelt, or stands where Kubernetes does not
// know it, is an error.

type metadata struct {
	Name   string
	Labels map[string]string
}

type labelSelector struct {
	MatchLabels map[string]string `yaml:"matchLabels"`
}

type object struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Metadata   metadata
}

type configMap struct {
	object `yaml:",inline"`
	Data   map[string]string
}

type ruleSpec struct {
	Groups []struct {
		Name     string
		Interval string
		Rules    []operatorRule
	}
}

type operatorRule struct {
	Record        string          `yaml:",omitempty"`
	Alert         string          `yaml:",omitempty"`
	Expr          string          `yaml:",omitempty"`
	For           string          `yaml:",omitempty"`
	KeepFiringFor string          `yaml:"keep_firing_for,omitempty"`
	Labels        map[string]text `yaml:",omitempty"`
	Annotations   map[string]text `yaml:",omitempty"`
}

// text is a string that is none by accident: Prometheus takes {quantile: 0.5} for
// a label, Kubernetes does not.
type text string

func (s *text) UnmarshalYAML(node *yaml.Node) error {
	if node.Tag != "!!str" {
		return fmt.Errorf("line %d: %q is no string: put quotes around it", node.Line, node.Value)
	}
	*s = text(node.Value)
	return nil
}

type prometheusRule struct {
	object `yaml:",inline"`
	Spec   ruleSpec
}

type serviceMonitor struct {
	object `yaml:",inline"`
	Spec   struct {
		Selector                labelSelector
		ScrapeProtocols         []string `yaml:"scrapeProtocols"`
		ScrapeNativeHistograms  bool     `yaml:"scrapeNativeHistograms"`
		ScrapeClassicHistograms bool     `yaml:"scrapeClassicHistograms"`
		Endpoints               []struct {
			Port, Path, Interval string
			Relabelings          []struct {
				SourceLabels []string `yaml:"sourceLabels"`
				TargetLabel  string   `yaml:"targetLabel"`
				Replacement  string
			}
		}
	}
}

type service struct {
	object `yaml:",inline"`
	Spec   struct {
		Selector map[string]string
		Ports    []struct {
			Name       string
			Port       int
			TargetPort string `yaml:"targetPort"`
		}
	}
}

type claim struct {
	AccessModes []string `yaml:"accessModes"`
	Resources   struct{ Requests map[string]string }
}

type volumeClaim struct {
	object `yaml:",inline"`
	Spec   claim
}

type probe struct {
	HTTPGet          struct{ Path, Port string } `yaml:"httpGet"`
	PeriodSeconds    int                         `yaml:"periodSeconds"`
	TimeoutSeconds   int                         `yaml:"timeoutSeconds"`
	FailureThreshold int                         `yaml:"failureThreshold"`
}

type container struct {
	Name, Image string
	Command     []string
	Args        []string
	Env         []struct {
		Name, Value string
		ValueFrom   struct {
			FieldRef struct {
				FieldPath string `yaml:"fieldPath"`
			} `yaml:"fieldRef"`
		} `yaml:"valueFrom"`
	}
	Ports []struct {
		Name          string
		ContainerPort int `yaml:"containerPort"`
	}
	ReadinessProbe  probe `yaml:"readinessProbe"`
	LivenessProbe   probe `yaml:"livenessProbe"`
	Resources       struct{ Requests, Limits map[string]string }
	SecurityContext struct {
		AllowPrivilegeEscalation *bool `yaml:"allowPrivilegeEscalation"`
		ReadOnlyRootFilesystem   bool  `yaml:"readOnlyRootFilesystem"`
		Capabilities             struct{ Drop []string }
	} `yaml:"securityContext"`
	VolumeMounts []volumeMount `yaml:"volumeMounts"`
}

type volumeMount struct {
	Name      string
	MountPath string `yaml:"mountPath"`
	ReadOnly  bool   `yaml:"readOnly"`
}

type pod struct {
	Metadata metadata
	Spec     struct {
		AutomountServiceAccountToken  *bool  `yaml:"automountServiceAccountToken"`
		EnableServiceLinks            *bool  `yaml:"enableServiceLinks"`
		TerminationGracePeriodSeconds int    `yaml:"terminationGracePeriodSeconds"`
		RestartPolicy                 string `yaml:"restartPolicy"`
		SecurityContext               struct {
			RunAsNonRoot        bool                  `yaml:"runAsNonRoot"`
			RunAsUser           int                   `yaml:"runAsUser"`
			RunAsGroup          int                   `yaml:"runAsGroup"`
			FSGroup             int                   `yaml:"fsGroup"`
			FSGroupChangePolicy string                `yaml:"fsGroupChangePolicy"`
			SeccompProfile      struct{ Type string } `yaml:"seccompProfile"`
		} `yaml:"securityContext"`
		Affinity struct {
			PodAffinity struct {
				Required []struct {
					TopologyKey   string        `yaml:"topologyKey"`
					LabelSelector labelSelector `yaml:"labelSelector"`
				} `yaml:"requiredDuringSchedulingIgnoredDuringExecution"`
			} `yaml:"podAffinity"`
		}
		Containers []container
		Volumes    []struct {
			Name      string
			ConfigMap struct{ Name string } `yaml:"configMap"`
			Claim     struct {
				Name string `yaml:"claimName"`
			} `yaml:"persistentVolumeClaim"`
		}
	}
}

type statefulSet struct {
	object `yaml:",inline"`
	Spec   struct {
		Replicas        int
		ServiceName     string `yaml:"serviceName"`
		Selector        labelSelector
		RetentionPolicy struct {
			WhenDeleted string `yaml:"whenDeleted"`
			WhenScaled  string `yaml:"whenScaled"`
		} `yaml:"persistentVolumeClaimRetentionPolicy"`
		Template             pod
		VolumeClaimTemplates []struct {
			Metadata metadata
			Spec     claim
		} `yaml:"volumeClaimTemplates"`
	}
}

type cronJob struct {
	object `yaml:",inline"`
	Spec   struct {
		Schedule          string
		ConcurrencyPolicy string `yaml:"concurrencyPolicy"`
		JobTemplate       struct {
			Spec struct {
				BackoffLimit int `yaml:"backoffLimit"`
				Template     pod
			}
		} `yaml:"jobTemplate"`
	}
}

type kustomizationFile struct {
	APIVersion string `yaml:"apiVersion"`
	Kind       string
	Resources  []string
	Images     []struct {
		Name    string
		NewName string `yaml:"newName"`
		NewTag  string `yaml:"newTag"`
	}
	ConfigMapGenerator []struct {
		Name  string
		Files []string
	} `yaml:"configMapGenerator"`
}
