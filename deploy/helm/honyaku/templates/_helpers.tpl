{{/* The word honyaku is always in it: the alerts find their nodes by it. */}}
{{- define "honyaku.name" -}}
{{- if contains "honyaku" .Release.Name -}}
{{- .Release.Name | trunc 50 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-honyaku" (.Release.Name | trunc 42 | trimSuffix "-") -}}
{{- end -}}
{{- end -}}

{{- define "honyaku.selector" -}}
app.kubernetes.io/name: honyaku
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end -}}

{{- define "honyaku.labels" -}}
{{ include "honyaku.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end -}}

{{- define "honyaku.secret" -}}
{{- .Values.secret.existing | default (include "honyaku.name" .) -}}
{{- end -}}

{{/* The role of the nodes that answer calls. */}}
{{- define "honyaku.answering" -}}
{{- ternary "api" "all" .Values.roles.split -}}
{{- end -}}
