{{/* Prefix of the names of all objects. */}}
{{- define "simclr.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- $name := default .Chart.Name .Values.nameOverride -}}
{{- $full := ternary .Release.Name (printf "%s-%s" .Release.Name $name) (contains $name .Release.Name) -}}
{{- $full | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{/* Labels by which objects select pods of one component: (dict "root" $ "component" "worker"). */}}
{{- define "simclr.selector" -}}
app.kubernetes.io/name: {{ default .root.Chart.Name .root.Values.nameOverride | trunc 40 | trimSuffix "-" }}
app.kubernetes.io/instance: {{ .root.Release.Name }}
app.kubernetes.io/component: {{ .component }}
{{- end -}}

{{/* Labels of an object of one component. */}}
{{- define "simclr.labels" -}}
{{ include "simclr.selector" . }}
app.kubernetes.io/version: {{ .root.Chart.AppVersion | quote }}
app.kubernetes.io/part-of: simclr
app.kubernetes.io/managed-by: {{ .root.Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .root.Chart.Name .root.Chart.Version | replace "+" "_" }}
{{- end -}}

{{/* metadata of an object: (dict "root" $ "component" "worker" "name" "suffix of its name"). */}}
{{- define "simclr.metadata" -}}
name: {{ include "simclr.fullname" .root }}-{{ .name }}
namespace: {{ .root.Release.Namespace }}
labels:
  {{- include "simclr.labels" . | nindent 2 }}
{{- end -}}

{{/* Image of a target of docker/Dockerfile: (dict "root" $ "target" "coordinator"). */}}
{{- define "simclr.image" -}}
{{ .root.Values.image.repository }}/{{ .target }}:{{ default .root.Chart.AppVersion .root.Values.image.tag }}
{{- end -}}

{{- define "simclr.serviceAccount" -}}
{{ default (include "simclr.fullname" .) .Values.serviceAccount.name }}
{{- end -}}

{{- define "simclr.coordinatorTlsSecret" -}}
{{ default (printf "%s-coordinator-tls" (include "simclr.fullname" .)) .Values.tls.coordinatorSecret }}
{{- end -}}

{{- define "simclr.workerTlsSecret" -}}
{{ default (printf "%s-worker-tls" (include "simclr.fullname" .)) .Values.tls.workerSecret }}
{{- end -}}

{{- define "simclr.tokensSecret" -}}
{{ default (printf "%s-tokens" (include "simclr.fullname" .)) .Values.tokens.existingSecret }}
{{- end -}}

{{- define "simclr.testTokenSecret" -}}
{{ default (printf "%s-test-token" (include "simclr.fullname" .)) .Values.test.tokenSecret }}
{{- end -}}

{{- define "simclr.artifactsClaim" -}}
{{ default (printf "%s-artifacts" (include "simclr.fullname" .)) .Values.artifacts.existingClaim }}
{{- end -}}

{{/* Name of the coordinator's Service, as agents and the test pod use it. */}}
{{- define "simclr.coordinatorHost" -}}
{{ include "simclr.fullname" . }}-coordinator.{{ .Release.Namespace }}.svc.{{ .Values.clusterDomain }}
{{- end -}}

{{/* Trainers of one worker. */}}
{{- define "simclr.slots" -}}
{{ eq .Values.worker.device "cuda" | ternary .Values.worker.gpus .Values.worker.slots }}
{{- end -}}

{{/* "16Gi" -> bytes. The schema admits Mi and Gi only. */}}
{{- define "simclr.bytes" -}}
{{ mul (trimSuffix "Mi" (trimSuffix "Gi" .) | int64) (hasSuffix "Gi" . | ternary 1073741824 1048576) }}
{{- end -}}

{{/* Time that a draining agent gives its trainers. */}}
{{- define "simclr.drainSeconds" -}}
{{ add .Values.worker.drain.checkpointSeconds .Values.worker.drain.marginSeconds }}
{{- end -}}

{{/* After the drain's grace an agent needs up to 25 s: 15 for SIGTERM, 5 for SIGKILL, 5 for its last reports. */}}
{{- define "simclr.terminationSeconds" -}}
{{ add (include "simclr.drainSeconds" .) 30 }}
{{- end -}}

{{/* priorityClassName of a component: (dict "root" $ "component" "worker" "name" the value). */}}
{{- define "simclr.priorityClass" -}}
{{- if or .name .root.Values.priorityClasses.create -}}
priorityClassName: {{ default (printf "%s-%s" (include "simclr.fullname" .root) .component) .name }}
{{- end -}}
{{- end -}}

{{- define "simclr.podSecurityContext" -}}
runAsNonRoot: true
runAsUser: {{ .Values.pod.userId }}
runAsGroup: {{ .Values.pod.userId }}
fsGroup: {{ .Values.pod.userId }}
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end -}}

{{/* (dict "add" (list of capabilities)). */}}
{{- define "simclr.securityContext" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
capabilities:
  drop: [ALL]
  {{- with .add }}
  add: {{ toJson . }}
  {{- end }}
{{- end -}}

{{/* Probes of a program that serves HTTP on the port "http": slow starts are allowed, hangs are not. */}}
{{- define "simclr.probes" -}}
startupProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 2
  failureThreshold: 150
livenessProbe:
  httpGet: {path: /livez, port: http}
  periodSeconds: 10
  timeoutSeconds: 5
  failureThreshold: 6
readinessProbe:
  httpGet: {path: /readyz, port: http}
  periodSeconds: 5
  timeoutSeconds: 5
  failureThreshold: 3
{{- end -}}

{{/* Whether the cluster knows the Prometheus operator's kinds; "true" or empty. */}}
{{- define "simclr.hasOperator" -}}
{{- if .Capabilities.APIVersions.Has "monitoring.coreos.com/v1" }}true{{ end -}}
{{- end -}}

{{/* Names of the workers that cert-manager issues certificates for, as a JSON list. */}}
{{- define "simclr.issuedWorkers" -}}
{{- $names := list -}}
{{- range $ordinal := until (max .Values.worker.replicas .Values.tls.certManager.workers | int) -}}
{{- $names = append $names (printf "%s-worker-%d" (include "simclr.fullname" $) $ordinal) -}}
{{- end -}}
{{- toJson $names -}}
{{- end -}}
