{{/* Names and labels: the one place that makes them. */}}

{{- define "anabranch.name" -}}
{{- default .Chart.Name .Values.nameOverride | trunc 40 | trimSuffix "-" -}}
{{- end -}}

{{- define "anabranch.fullname" -}}
{{- if .Values.fullnameOverride -}}
{{- .Values.fullnameOverride | trunc 40 | trimSuffix "-" -}}
{{- else if contains (include "anabranch.name" .) .Release.Name -}}
{{- .Release.Name | trunc 40 | trimSuffix "-" -}}
{{- else -}}
{{- printf "%s-%s" .Release.Name (include "anabranch.name" .) | trunc 40 | trimSuffix "-" -}}
{{- end -}}
{{- end -}}

{{- define "anabranch.service" -}}
{{- default (include "anabranch.fullname" .) .Values.service.name -}}
{{- end -}}

{{- define "anabranch.credentials" -}}
{{- include "anabranch.fullname" . }}-credentials
{{- end -}}

{{/* Labels of an object: (list . "gateway"); what never changes in a release's life is in "anabranch.selector". */}}
{{- define "anabranch.labels" -}}
{{- $top := index . 0 -}}
helm.sh/chart: {{ printf "%s-%s" $top.Chart.Name $top.Chart.Version | replace "+" "_" | trunc 63 | trimSuffix "-" }}
app.kubernetes.io/version: {{ $top.Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ $top.Release.Service }}
app.kubernetes.io/part-of: anabranch
{{ include "anabranch.selector" . }}
{{- with $top.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "anabranch.selector" -}}
{{- $top := index . 0 -}}
app.kubernetes.io/name: {{ include "anabranch.name" $top }}
app.kubernetes.io/instance: {{ $top.Release.Name }}
app.kubernetes.io/component: {{ index . 1 }}
{{- end -}}

{{/* Labels of pods: without the chart's version, so that a new chart with the same image restarts nothing. */}}
{{- define "anabranch.podLabels" -}}
{{- $top := index . 0 -}}
app.kubernetes.io/part-of: anabranch
{{ include "anabranch.selector" . }}
{{- with $top.Values.commonLabels }}
{{ toYaml . }}
{{- end }}
{{- end -}}

{{- define "anabranch.image" -}}
{{- if .Values.image.digest -}}
{{- printf "%s@%s" .Values.image.repository .Values.image.digest -}}
{{- else -}}
{{- printf "%s:%s" .Values.image.repository (default .Chart.AppVersion .Values.image.tag) -}}
{{- end -}}
{{- end -}}
