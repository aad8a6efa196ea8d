// The test cluster's storage: a directory a volume, made and removed as claims come and go, grown when a claim grows.
//
// Kubernetes' own host-path provisioner makes directories that only root may write to and cannot grow. These are volumes
// of the type `local`, so the kubelet applies `fsGroup` as it does for a disk, and every node can mount them, as it could a
// network disk: all nodes see one directory.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"

	v1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/types"
	"k8s.io/client-go/informers"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/tools/cache"
	"k8s.io/client-go/tools/clientcmd"
	"k8s.io/klog/v2"
	"sigs.k8s.io/sig-storage-lib-external-provisioner/v13/controller"
)

const name = "anabranch.dev/test-volumes"

// volumes are made in `here`, which the nodes see as `onNodes`.
type volumes struct{ here, onNodes string }

func (v volumes) Provision(_ context.Context, wanted controller.ProvisionOptions) (*v1.PersistentVolume, controller.ProvisioningState, error) {
	if err := os.MkdirAll(filepath.Join(v.here, wanted.PVName), 0o755); err != nil {
		return nil, controller.ProvisioningFinished, err
	}
	filesystem := v1.PersistentVolumeFilesystem
	return &v1.PersistentVolume{
		ObjectMeta: metav1.ObjectMeta{Name: wanted.PVName},
		Spec: v1.PersistentVolumeSpec{
			PersistentVolumeReclaimPolicy: *wanted.StorageClass.ReclaimPolicy,
			AccessModes:                   wanted.PVC.Spec.AccessModes,
			VolumeMode:                    &filesystem,
			Capacity:                      v1.ResourceList{v1.ResourceStorage: wanted.PVC.Spec.Resources.Requests[v1.ResourceStorage]},
			PersistentVolumeSource: v1.PersistentVolumeSource{
				Local: &v1.LocalVolumeSource{Path: filepath.Join(v.onNodes, wanted.PVName)},
			},
			NodeAffinity: &v1.VolumeNodeAffinity{Required: &v1.NodeSelector{NodeSelectorTerms: []v1.NodeSelectorTerm{{
				MatchExpressions: []v1.NodeSelectorRequirement{{
					Key: v1.LabelOSStable, Operator: v1.NodeSelectorOpIn, Values: []string{"linux"},
				}},
			}}}},
		},
	}, controller.ProvisioningFinished, nil
}

func (v volumes) Delete(_ context.Context, volume *v1.PersistentVolume) error {
	return os.RemoveAll(filepath.Join(v.here, volume.Name))
}

// grow gives a bound claim the size that it asks for, as a storage system that can grow a mounted volume does.
func grow(ctx context.Context, client kubernetes.Interface, claim *v1.PersistentVolumeClaim) error {
	wanted := claim.Spec.Resources.Requests[v1.ResourceStorage]
	has := claim.Status.Capacity[v1.ResourceStorage]
	if claim.Status.Phase != v1.ClaimBound || claim.Annotations["volume.kubernetes.io/storage-provisioner"] != name || wanted.Cmp(has) <= 0 {
		return nil
	}
	capacity := map[string]any{"capacity": v1.ResourceList{v1.ResourceStorage: wanted}}
	volume, err := json.Marshal(map[string]any{"spec": capacity})
	if err != nil {
		return err
	}
	if _, err = client.CoreV1().PersistentVolumes().Patch(ctx, claim.Spec.VolumeName, types.MergePatchType, volume, metav1.PatchOptions{}); err != nil {
		return err
	}
	status, err := json.Marshal(map[string]any{"status": capacity})
	if err != nil {
		return err
	}
	_, err = client.CoreV1().PersistentVolumeClaims(claim.Namespace).Patch(ctx, claim.Name, types.MergePatchType, status, metav1.PatchOptions{}, "status")
	return err
}

func main() {
	kubeconfig := flag.String("kubeconfig", "", "how to reach the API server")
	here := flag.String("directory", "", "where the volumes are made")
	onNodes := flag.String("directory-on-nodes", "", "where the nodes see that directory")
	klog.InitFlags(nil)
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM, syscall.SIGINT)
	defer stop()
	config, err := clientcmd.BuildConfigFromFlags("", *kubeconfig)
	if err != nil {
		klog.Fatal(err)
	}
	client := kubernetes.NewForConfigOrDie(config)

	factory := informers.NewSharedInformerFactory(client, 0)
	see := func(object any) {
		claim, ok := object.(*v1.PersistentVolumeClaim)
		if !ok {
			return
		}
		if err := grow(ctx, client, claim); err != nil {
			klog.ErrorS(err, "grow a volume", "claim", klog.KObj(claim))
		}
	}
	handler := cache.ResourceEventHandlerFuncs{AddFunc: see, UpdateFunc: func(_, now any) { see(now) }}
	if _, err := factory.Core().V1().PersistentVolumeClaims().Informer().AddEventHandler(handler); err != nil {
		klog.Fatal(err)
	}
	factory.Start(ctx.Done())

	controller.NewProvisionController(ctx, client, name, volumes{here: *here, onNodes: *onNodes}, controller.LeaderElection(false)).Run(ctx)
}
