{{- define "mlsec.name" -}}
{{- $name := ternary .Release.Name (printf "%s-mlsec" .Release.Name) (contains "mlsec" .Release.Name) -}}
{{- $name | trunc 45 | trimSuffix "-" -}}
{{- end }}

{{- define "mlsec.serviceAccount" -}}
{{- if .Values.serviceAccount.create -}}
{{- .Values.serviceAccount.name | default (include "mlsec.name" .) -}}
{{- else -}}
{{- required "serviceAccount.name is needed where serviceAccount.create is false" .Values.serviceAccount.name -}}
{{- end -}}
{{- end }}

{{- define "mlsec.selector" -}}
app.kubernetes.io/name: mlsec
app.kubernetes.io/instance: {{ .Release.Name }}
{{- end }}

{{- define "mlsec.labels" -}}
{{ include "mlsec.selector" . }}
app.kubernetes.io/version: {{ .Chart.AppVersion | quote }}
app.kubernetes.io/managed-by: {{ .Release.Service }}
helm.sh/chart: {{ printf "%s-%s" .Chart.Name .Chart.Version }}
{{- end }}

{{- define "mlsec.image" -}}
{{ .Values.image.repository }}@{{ .Values.image.digest }}
{{- end }}

{{- define "mlsec.claim" -}}
{{ .Values.storage.existingClaim | default (include "mlsec.name" .) }}
{{- end }}

{{- define "mlsec.podSecurity" -}}
runAsNonRoot: true
runAsUser: 10001
runAsGroup: 10001
fsGroup: 10001
fsGroupChangePolicy: OnRootMismatch
seccompProfile: {type: RuntimeDefault}
{{- end }}

{{- define "mlsec.containerSecurity" -}}
allowPrivilegeEscalation: false
readOnlyRootFilesystem: true
privileged: false
capabilities: {drop: [ALL]}
{{- end }}

{{- /* The pods of the fleet: their spec, given the values of one of them and what it runs. */}}
{{- define "mlsec.fleetPod" -}}
{{- $all := index . 0 }}{{ $own := index . 1 }}{{ $urlKey := index . 2 }}{{ $words := index . 3 }}
{{- $fleet := $all.Values.fleet }}
serviceAccountName: {{ include "mlsec.serviceAccount" $all }}
automountServiceAccountToken: {{ $all.Values.clusterRole.create }}
enableServiceLinks: false
{{- with $all.Values.image.pullSecrets }}
imagePullSecrets:
  {{- range . }}
  - name: {{ . }}
  {{- end }}
{{- end }}
securityContext:
  {{- include "mlsec.podSecurity" $all | nindent 2 }}
containers:
  - name: mlsec
    image: {{ include "mlsec.image" $all }}
    imagePullPolicy: IfNotPresent
    args:
      {{- toYaml $words | nindent 6 }}
    workingDir: /var/lib/mlsec
    env:
      - {name: HOME, value: /tmp}
      - {name: XDG_CACHE_HOME, value: /var/lib/mlsec/cache}
      - name: MLSEC_FLEET_DATABASE
        valueFrom:
          secretKeyRef: {name: {{ $fleet.database.existingSecret }}, key: {{ $urlKey }}}
      {{- if ne $urlKey $fleet.database.ownerKey }}
      - name: MLSEC_FLEET_SALT
        valueFrom:
          secretKeyRef: {name: {{ $fleet.database.existingSecret }}, key: {{ $fleet.database.saltKey }}}
      {{- end }}
      {{- if eq $urlKey $fleet.database.plannerKey }}
      - name: MLSEC_HISTORY
        valueFrom:
          secretKeyRef: {name: {{ $fleet.database.existingSecret }}, key: {{ $urlKey }}}
      {{- with $fleet.identitySecret }}
      - {name: MLSEC_FLEET_IDENTITY, value: /etc/mlsec-identity/age.key}
      {{- end }}
      {{- if $all.Values.notify.existingSecret }}
      - name: MLSEC_NOTIFY
        valueFrom:
          secretKeyRef: {name: {{ $all.Values.notify.existingSecret }}, key: {{ $all.Values.notify.key }}}
      {{- end }}
      {{- end }}
      {{- with $all.Values.env }}
      {{- toYaml . | nindent 6 }}
      {{- end }}
    securityContext:
      {{- include "mlsec.containerSecurity" $all | nindent 6 }}
    resources:
      {{- toYaml $own.resources | nindent 6 }}
    volumeMounts:
      - {name: config, mountPath: /etc/mlsec, readOnly: true}
      - {name: data, mountPath: /var/lib/mlsec}
      - {name: tmp, mountPath: /tmp}
      {{- if and $fleet.identitySecret (eq $urlKey $fleet.database.plannerKey) }}
      - {name: identity, mountPath: /etc/mlsec-identity, readOnly: true}
      {{- end }}
volumes:
  - name: config
    projected:
      sources:
        - configMap: {name: {{ include "mlsec.name" $all }}-fleet}
        {{- with $fleet.database.caSecret }}
        - secret: {name: {{ . }}, items: [{key: ca.crt, path: ca.crt}]}
        {{- end }}
  - name: data
    {{- if and (eq $urlKey $fleet.database.plannerKey) $all.Values.storage.enabled }}
    persistentVolumeClaim: {claimName: {{ include "mlsec.name" $all }}-fleet}
    {{- else }}
    emptyDir: {sizeLimit: {{ $own.scratch }}}
    {{- end }}
  - name: tmp
    emptyDir: {sizeLimit: {{ $own.scratch }}}
  {{- if and $fleet.identitySecret (eq $urlKey $fleet.database.plannerKey) }}
  - name: identity
    secret: {secretName: {{ $fleet.identitySecret }}}
  {{- end }}
{{- with $all.Values.nodeSelector }}
nodeSelector:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- with $all.Values.tolerations }}
tolerations:
  {{- toYaml . | nindent 2 }}
{{- end }}
{{- end }}

{{- define "mlsec.fleetLabels" -}}
{{ include "mlsec.labels" (index . 0) }}
app.kubernetes.io/component: fleet-{{ index . 1 }}
{{- end }}

{{- define "mlsec.fleetPodMeta" -}}
labels:
  {{- include "mlsec.fleetLabels" . | nindent 2 }}
  {{- if (index . 0).Values.identity.azure.clientId }}
  azure.workload.identity/use: "true"
  {{- end }}
annotations:
  checksum/fleet: {{ toYaml (index . 0).Values.fleet.config | sha256sum }}
{{- end }}
