import { useShell } from "../parts/shell.tsx";
import { useToast } from "../parts/toast.tsx";
import { words } from "../words.ts";

// useCopy gives what puts a text on the clipboard and says so for two seconds.
export function useCopy(): (text: string) => void {
  const { say } = useShell();
  const toast = useToast();
  return (text) => {
    navigator.clipboard.writeText(text).then(() => toast({ words: words.copied, seconds: 2 }), () => say(words.copyFailed, "alert"));
  };
}
