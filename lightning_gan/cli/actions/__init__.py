"""What the commands of one file each do; everything here may import torch and Lightning."""
