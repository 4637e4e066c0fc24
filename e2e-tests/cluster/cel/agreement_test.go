// Package cel evaluates the generated ValidatingAdmissionPolicies with the API server's own code. `make test-cluster` runs it.
package cel

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"sort"
	"strings"
	"testing"

	admissionv1 "k8s.io/api/admissionregistration/v1"
	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/apis/meta/v1/unstructured"
	"k8s.io/apimachinery/pkg/runtime"
	"k8s.io/apimachinery/pkg/runtime/schema"
	utiljson "k8s.io/apimachinery/pkg/util/json"
	"k8s.io/apiserver/pkg/admission"
	"k8s.io/apiserver/pkg/admission/plugin/cel"
	"k8s.io/apiserver/pkg/admission/plugin/policy/validating"
	"k8s.io/apiserver/pkg/admission/plugin/webhook/matchconditions"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"k8s.io/apiserver/pkg/cel/environment"
	"sigs.k8s.io/yaml"
)

// request is a generated request, with what the core says of it. tests/cel.rs writes them.
type request struct {
	Settings json.RawMessage
	Request  struct {
		Kind                   metav1.GroupVersionKind
		Operation, SubResource string
		Object, OldObject      object
	}
	// Findings are those of the rules that are exact in CEL.
	Findings []finding
	// Warns is false for a Pod that a controller owns: nobody reads its warnings.
	Warns bool
}

// object is a JSON object whose whole numbers are integers, as Kubernetes reads them.
type object map[string]any

func (o *object) UnmarshalJSON(text []byte) error {
	return utiljson.Unmarshal(text, (*map[string]any)(o))
}

type finding struct{ Rule, Action, Path string }

// policies are the compiled policies for some settings: the one that denies, and the one that warns.
type policies [2]validating.Validator

func check[T any](value T, err error) T {
	if err != nil {
		panic(err)
	}
	return value
}

func generate(t testing.TB, settings []byte) policies {
	t.Helper()
	file := filepath.Join(t.TempDir(), "settings.json")
	if err := os.WriteFile(file, settings, 0o600); err != nil {
		t.Fatal(err)
	}
	command := exec.Command(filepath.Join(os.Getenv("CLUSTER_PROGRAMS"), "eci-policy"), "generate", "validating-admission-policy", "--settings", file)
	var stderr bytes.Buffer
	command.Stderr = &stderr
	text, err := command.Output()
	if err != nil {
		t.Fatalf("%s: %v: %s", settings, err, stderr.String())
	}
	var compiled policies
	index := 0
	for _, document := range strings.Split(string(text), "\n---\n") {
		var policy admissionv1.ValidatingAdmissionPolicy
		if err := yaml.Unmarshal([]byte(document), &policy); err != nil {
			t.Fatal(err)
		}
		if policy.Kind == "ValidatingAdmissionPolicy" {
			compiled[index] = compile(t, &policy)
			index++
		}
	}
	return compiled
}

// kubernetes is the environment of expressions in Kubernetes.
var kubernetes = environment.MustBaseEnvSet(environment.DefaultCompatibilityVersion())

// compile does what the API server does with a policy.
func compile(t testing.TB, policy *admissionv1.ValidatingAdmissionPolicy) validating.Validator {
	t.Helper()
	compiler := check(cel.NewCompositedCompiler(kubernetes))
	options := cel.OptionalVariableDeclarations{HasAuthorizer: true}
	spec := policy.Spec
	for _, variable := range spec.Variables {
		compiled := compiler.CompileAndStoreVariable(&validating.Variable{Name: variable.Name, Expression: variable.Expression}, options, environment.StoredExpressions)
		if compiled.Error != nil {
			t.Fatalf("%s: %v", variable.Name, compiled.Error)
		}
	}
	var conditions, validations, messages, audits []cel.ExpressionAccessor
	for _, condition := range spec.MatchConditions {
		conditions = append(conditions, (*matchconditions.MatchCondition)(&condition))
	}
	for _, validation := range spec.Validations {
		validations = append(validations, &validating.ValidationCondition{Expression: validation.Expression, Reason: validation.Reason})
		messages = append(messages, &validating.MessageExpressionCondition{MessageExpression: validation.MessageExpression})
	}
	for _, audit := range spec.AuditAnnotations {
		audits = append(audits, &validating.AuditAnnotationCondition{Key: audit.Key, ValueExpression: audit.ValueExpression})
	}
	compiled := func(expressions []cel.ExpressionAccessor, options cel.OptionalVariableDeclarations) cel.ConditionEvaluator {
		return compiler.CompileCondition(expressions, options, environment.StoredExpressions)
	}
	matcher := matchconditions.NewMatcher(compiled(conditions, options), spec.FailurePolicy, "policy", "validate", policy.Name)
	return validating.NewValidator(compiled(validations, options), matcher, compiled(audits, options), compiled(messages, cel.OptionalVariableDeclarations{}), spec.FailurePolicy, nil)
}

func (r *request) attributes() *admission.VersionedAttributes {
	kind := schema.GroupVersionKind(r.Request.Kind)
	of := func(content object) runtime.Object {
		if content == nil {
			return nil
		}
		return &unstructured.Unstructured{Object: content}
	}
	now, old := of(r.Request.Object), of(r.Request.OldObject)
	attributes := admission.NewAttributesRecord(now, old, kind, "shop", "web", schema.GroupVersionResource{}, r.Request.SubResource, admission.Operation(r.Request.Operation), nil, false, nil)
	return &admission.VersionedAttributes{Attributes: attributes, VersionedObject: admission.NewLazyObject(now), VersionedOldObject: admission.NewLazyObject(old), VersionedKind: kind}
}

var shop = &corev1.Namespace{ObjectMeta: metav1.ObjectMeta{Name: "shop"}}

func (p policies) evaluate(index int, attributes *admission.VersionedAttributes, budget int64) validating.ValidateResult {
	return p[index].Validate(context.Background(), schema.GroupVersionResource{}, attributes, nil, shop, budget, nil)
}

var named = regexp.MustCompile(`(?:^|\. )\[([a-z-]+)\] `)

// judge returns the findings of the policies, as `RULE PATH`, and the rules that deny and warn.
func (p policies) judge(r *request) (found, denies, warns []string, err error) {
	attributes := r.attributes()
	for index, rules := range []*[]string{&denies, &warns} {
		result := p.evaluate(index, attributes, celconfig.RuntimeCELCostBudget)
		for _, decision := range result.Decisions {
			switch {
			case decision.Evaluation == validating.EvalError:
				return nil, nil, nil, fmt.Errorf("%s", decision.Message)
			case decision.Action == validating.ActionDeny:
				for _, named := range named.FindAllStringSubmatch(decision.Message, -1) {
					*rules = append(*rules, named[1])
				}
				if strings.HasSuffix(decision.Message, cut) {
					*rules = append(*rules, cut)
				}
			}
		}
		for _, annotation := range result.AuditAnnotations {
			if annotation.Error != "" {
				return nil, nil, nil, fmt.Errorf("%s", annotation.Error)
			}
			for _, line := range strings.Split(annotation.Value, "\n") {
				if parts := strings.SplitN(line, ": ", 3); len(parts) == 3 {
					found = append(found, parts[0]+" "+parts[1])
				}
			}
		}
	}
	return found, denies, warns, nil
}

const (
	// hostSysctls is stricter in CEL.
	hostSysctls = "host-sysctls-unapproved"
	// cut ends a message that is too long.
	cut = "…"
)

func sorted(list []string) []string {
	list = slices.Clone(list)
	slices.Sort(list)
	return slices.Compact(list)
}

func readCases(t testing.TB) []request {
	file := check(os.Open(os.Getenv("CEL_CASES")))
	defer func() { _ = file.Close() }()
	var all []request
	for lines := bufio.NewReader(file); ; {
		line, err := lines.ReadBytes('\n')
		if err != nil {
			return all
		}
		var one request
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		all = append(all, one)
	}
}

func TestAgreement(t *testing.T) {
	compiled := map[string]policies{}
	judged := 0
	for _, one := range readCases(t) {
		key := string(one.Settings)
		if _, ok := compiled[key]; !ok {
			compiled[key] = generate(t, one.Settings)
		}
		found, denies, warns, err := compiled[key].judge(&one)
		if err != nil {
			t.Errorf("%v: %s", err, check(json.Marshal(one)))
			continue
		}
		judged++
		if difference := one.differs(found, denies, warns); difference != "" {
			t.Errorf("%s\n%s", check(json.Marshal(one)), difference)
		}
	}
	t.Logf("%d requests under %d settings", judged, len(compiled))
	if judged == 0 {
		t.Error("no request")
	}
}

// differs says how the policies differ from the core; empty where they do not.
func (r *request) differs(found, denies, warns []string) string {
	var all, acts, denied, warned []string
	for _, finding := range r.Findings {
		place := finding.Rule + " " + strings.ReplaceAll(finding.Path, "\n", " ")
		all = append(all, place)
		switch {
		case finding.Action == "deny":
			denied = append(denied, finding.Rule)
		case finding.Action == "warn" && r.Warns:
			warned = append(warned, finding.Rule)
		default:
			continue
		}
		acts = append(acts, place)
	}
	missing := slices.DeleteFunc(acts, func(place string) bool { return slices.Contains(found, place) })
	surplus := slices.DeleteFunc(slices.Clone(found), func(place string) bool { return slices.Contains(all, place) || strings.HasPrefix(place, hostSysctls) })
	if len(missing)+len(surplus) > 0 {
		return fmt.Sprintf("missing %v, surplus %v", missing, surplus)
	}
	for _, rules := range [][2][]string{{denies, denied}, {warns, warned}} {
		got, core := sorted(rules[0]), sorted(rules[1])
		if slices.Contains(got, cut) {
			// The message does not name the last rules.
			core = slices.DeleteFunc(core, func(rule string) bool { return !slices.Contains(got, rule) })
		}
		got = slices.DeleteFunc(got, func(rule string) bool { return rule == cut || rule == hostSysctls })
		if !slices.Equal(got, core) {
			return fmt.Sprintf("rules %v, the core has %v", got, core)
		}
	}
	return ""
}

// create is the creation of a pod on ECI with a number of containers, each with capabilities.
func create(count int, capabilities ...string) *admission.VersionedAttributes {
	var containers []any
	for range count {
		var add []any
		for _, name := range capabilities {
			add = append(add, name)
		}
		containers = append(containers, map[string]any{"name": "web", "image": "web", "securityContext": map[string]any{"runAsUser": int64(1000), "capabilities": map[string]any{"add": add}}})
	}
	var one request
	one.Request.Kind = metav1.GroupVersionKind{Version: "v1", Kind: "Pod"}
	one.Request.Operation = "CREATE"
	one.Request.Object = object{"metadata": map[string]any{"labels": map[string]any{"eci": "true"}}, "spec": map[string]any{"containers": containers}}
	return one.attributes()
}

// TestCost logs the cost of pods, in the units of the API server. Gatekeeper allows a template one million.
func TestCost(t *testing.T) {
	compiled := generate(t, []byte("{}"))
	for _, count := range []int{1, 10, 100} {
		attributes := create(count, "CHOWN", "KILL", "NET_ADMIN")
		for index, name := range []string{"deny", "warn"} {
			cost := sort.Search(celconfig.RuntimeCELCostBudget, func(budget int) bool {
				return !strings.Contains(fmt.Sprint(compiled.evaluate(index, attributes, int64(budget))), "budget")
			})
			t.Logf("%d containers, %s: %d of %d", count, name, cost, celconfig.RuntimeCELCostBudget)
			if cost > celconfig.PerCallLimit {
				t.Errorf("%d containers cost %d", count, cost)
			}
		}
	}
}

// BenchmarkPod measures what a pod on ECI costs in each of the two policies.
func BenchmarkPod(b *testing.B) {
	compiled := generate(b, []byte("{}"))
	attributes := create(1, "CHOWN")
	for index, name := range []string{"deny", "warn"} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				compiled.evaluate(index, attributes, celconfig.RuntimeCELCostBudget)
			}
		})
	}
}
