{{/* What the operator must know of this namespace: its flags without dashes. On its command line where it is in the namespace, in a
ConfigMap where it is elsewhere. */}}
{{- define "anabranch.settings" -}}
shard-image: {{ include "anabranch.image" . | quote }}
shard-service-account: {{ include "anabranch.fullname" . }}-shard
image-pull-policy: {{ .Values.image.pullPolicy }}
{{- with .Values.imagePullSecrets }}
{{- $names := list }}
{{- range . }}{{ $names = append $names .name }}{{ end }}
image-pull-secrets: {{ join "," $names | quote }}
{{- end }}
account-id: {{ .Values.accountId | quote }}
region: {{ .Values.region | quote }}
log-format: {{ .Values.logFormat }}
rebalance-after: {{ .Values.placement.rebalanceAfterSeconds | int | quote }}
replace-after: {{ .Values.placement.replaceAfterSeconds | int | quote }}
{{- with .Values.placement.catchUpRate }}
catch-up-rate: {{ . | quote }}
{{- end }}
network-policies: {{ .Values.networkPolicy.enabled | quote }}
{{- with .Values.encryption.keysSecretName }}
encryption-keys-secret: {{ . | quote }}
{{- end }}
{{- with .Values.internalTls }}
{{- if .secretName }}
internal-tls-secret: {{ .secretName | quote }}
internal-tls-mode: {{ .mode }}
internal-tls-name: {{ .serverName | quote }}
{{- end }}
{{- end }}
{{- if .Values.prometheus.install }}
prometheus-service: {{ include "anabranch.fullname" . }}-prometheus
{{- end }}
{{- end -}}

{{/* The same as the operator's environment. */}}
{{- define "anabranch.settingsEnv" -}}
{{- $lines := list -}}
{{- range $name, $value := include "anabranch.settings" . | fromYaml -}}
{{- $lines = printf "- {name: ANABRANCH_%s, value: %s}" ($name | upper | replace "-" "_") ($value | quote) | append $lines -}}
{{- end -}}
{{- join "\n" $lines -}}
{{- end -}}

{{/* Where the operator is that looks after this namespace, and who it is there. */}}
{{- define "anabranch.operatorNamespace" -}}
{{- .Values.operator.enabled | ternary .Release.Namespace .Values.operator.elsewhere.namespace -}}
{{- end -}}

{{- define "anabranch.operatorServiceAccount" -}}
{{- .Values.operator.enabled | ternary (printf "%s-operator" (include "anabranch.fullname" .)) .Values.operator.elsewhere.serviceAccountName -}}
{{- end -}}

{{- define "anabranch.refuseTwoOperators" -}}
{{- with .Values.operator -}}
{{- if and .enabled .elsewhere.namespace -}}
{{- fail "operator.elsewhere.namespace is for an installation without an operator of its own: set operator.enabled to false as well, or leave it empty" -}}
{{- end -}}
{{- if not .enabled -}}
{{- if not .elsewhere.namespace -}}
{{- fail "operator.enabled is false: write into operator.elsewhere.namespace where the operator with operator.watch AllNamespaces is installed" -}}
{{- end -}}
{{- if eq .elsewhere.namespace $.Release.Namespace -}}
{{- fail (printf "operator.elsewhere.namespace is %s, where this is installed: set operator.enabled to true, or name another namespace" .elsewhere.namespace) -}}
{{- end -}}
{{- if eq .watch "AllNamespaces" -}}
{{- fail "operator.watch AllNamespaces is for the installation that has the operator: leave operator.watch at Namespace where operator.enabled is false" -}}
{{- end -}}
{{- if $.Values.prometheus.url -}}
{{- fail "prometheus.url is asked by the operator, which is elsewhere: set it there, or here prometheus.install" -}}
{{- end -}}
{{- end -}}
{{- end -}}
{{- $there := lookup "v1" "ConfigMap" .Release.Namespace "anabranch-installation" -}}
{{- with dig "metadata" "annotations" "meta.helm.sh/release-name" "" ($there | default dict) -}}
{{- if ne . $.Release.Name -}}
{{- fail (printf "release %s is in namespace %s already, and a namespace is one account with one operator: install this into another namespace, or upgrade that one" . $.Release.Namespace) -}}
{{- end -}}
{{- end -}}
{{- end -}}
